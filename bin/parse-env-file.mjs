/**
 * The variables of a .env file: `NAME=value` a line, optionally `export`, quotes or a comment after
 * a space. Values are taken as they are: nothing is expanded, and `A=1#2` is `1#2`, which Node's own
 * `util.parseEnv` cuts at the `#`: half a password, in the address of a database.
 */
export function parseEnvFile(text) {
  const variables = {};
  for (const line of text.split(/\r?\n/)) {
    const [, name, rest] = /^\s*(?:export\s+)?([A-Za-z_]\w*)\s*=\s*(.*?)\s*$/.exec(line) ?? [];
    if (name === undefined) continue;
    const quoted = /^(['"])(.*?)\1(?:\s+#.*)?$/.exec(rest);
    variables[name] = quoted ? quoted[2] : rest.replace(/(^|\s+)#.*$/, '');
  }
  return variables;
}
