const MESSAGE_CHARACTERS_MAX = 500;
const STACK_LINES_MAX = 8;
const CAUSES_MAX = 4;

/**
 * An error and its causes without what drivers add, which may be rows and parameters of a query, and
 * so personal data.
 */
export function errorDocument(error: unknown, depth = 1): object {
  if (!(typeof error === 'object' && error !== null && 'message' in error)) {
    return { message: shortened(String(error)) };
  }
  const { name, code, type, message, stack, cause } = error as Partial<
    Record<'name' | 'code' | 'type' | 'message' | 'stack' | 'cause', unknown>
  >;
  return {
    type: name,
    code: typeof type === 'string' ? type : code,
    message: shortened(String(message)),
    stack: typeof stack === 'string' ? framesOf(stack) : undefined,
    cause:
      cause === undefined || depth === CAUSES_MAX ? undefined : errorDocument(cause, depth + 1),
  };
}

/** Drizzle's message ends with the parameters of the query. */
function shortened(message: string): string {
  return message.replace(/\s*\bparams: [\s\S]*$/, '').slice(0, MESSAGE_CHARACTERS_MAX);
}

/** The frames only: the message before them is not shortened. */
function framesOf(stack: string): string {
  const frames = stack.split('\n').filter((line) => /^\s+at /.test(line));
  return frames
    .slice(0, STACK_LINES_MAX)
    .map((line) => line.trim())
    .join('\n');
}
