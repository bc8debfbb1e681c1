/** Which methods the paths of the server take. */
export class RouteMethods {
  private readonly methodsByUrl = new Map<string, { path: RegExp; methods: Set<string> }>();

  /** @param url As Fastify has it: `/models/:version`, `/docs/*`. */
  add(url: string, methods: string | readonly string[]): void {
    const route = this.methodsByUrl.get(url) ?? { path: patternOf(url), methods: new Set() };
    for (const method of [methods].flat()) route.methods.add(method);
    this.methodsByUrl.set(url, route);
  }

  /** Sorted; none for a path that no route has. */
  of(path: string): string[] {
    const routes = [...this.methodsByUrl.values()].filter((route) => route.path.test(path));
    return [...new Set(routes.flatMap(({ methods }) => [...methods]))].sort();
  }
}

function patternOf(url: string): RegExp {
  const parts = url.split(/(:\w+|\*)/).map((part) => {
    if (part === '*') return '.*';
    return part.startsWith(':') ? '[^/]+' : part.replaceAll(/[$()*+.?[\\\]^{|}]/g, String.raw`\$&`);
  });
  return new RegExp(`^${parts.join('')}$`);
}
