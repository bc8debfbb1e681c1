/** Makes breaks of one file: each a text to find, what to put there, and the tests that must notice. */
export function breaksOf(file, usualTests) {
  return (name, find, replace, tests = usualTests) => ({ name, file, find, replace, tests });
}
