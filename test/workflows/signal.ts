/** Something that happens once, and can be waited for. */
export function createSignal() {
  let send = () => {};
  const received = new Promise<void>((resolve) => {
    send = resolve;
  });
  return { send: () => send(), received };
}
