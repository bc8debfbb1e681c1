import type { ChildProcess } from 'node:child_process';

/** Of the messages between node:cluster and its processes, those about a connection. */
interface ClusterMessage {
  readonly cmd?: string;
  readonly act?: string;
  readonly seq?: number;
  readonly ack?: number;
}

/**
 * Closes the connections that node:cluster was handing to a process when that ended. Node itself
 * keeps them open, and their clients would wait for as long as they are willing to.
 */
export function closeUntakenConnections(child: ChildProcess): void {
  const untaken = new Map<number, { close(): void }>();
  const send = child.send.bind(child) as (...args: unknown[]) => boolean;
  child.send = (...args: unknown[]): boolean => {
    const [message, handle] = args as [ClusterMessage, { close(): void } | undefined];
    if (message.act === 'newconn' && message.seq !== undefined && handle) {
      untaken.set(message.seq, handle);
    }
    return send(...args);
  };
  child.on('internalMessage', ({ ack }: ClusterMessage) => {
    if (ack !== undefined) untaken.delete(ack);
  });
  const closeAll = () => {
    for (const handle of untaken.values()) handle.close();
    untaken.clear();
  };
  // Whichever comes first, a connection may be handed over in between.
  child.once('exit', closeAll);
  child.once('disconnect', closeAll);
}
