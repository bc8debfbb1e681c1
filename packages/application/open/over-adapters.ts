import type { Adapters } from './open-adapters';

/** Hands out functions of one installation: each is given its adapters, and keeps its other parameters. */
export function overAdapters(adapters: Adapters) {
  return <Given extends unknown[], Answer>(
      of: (adapters: Adapters, ...given: Given) => Answer,
    ): ((...given: Given) => Answer) =>
    (...given) =>
      of(adapters, ...given);
}
