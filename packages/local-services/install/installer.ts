/** What an installer is given and says. */
export interface InstallContext {
  readonly env: NodeJS.ProcessEnv;
  /** A whole short line for the person who waits. */
  readonly say: (line: string) => void;
  /** Shows that a long step is still going on. */
  readonly tick: () => void;
}

export type InstallResult =
  | { readonly how: 'cached' | 'downloaded' | 'built'; readonly path: string }
  | { readonly problem: string; readonly remedy: string };
