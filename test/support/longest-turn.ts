/**
 * The CPU time that this thread spends in the longest turn of its event loop while `work` is under
 * way, in milliseconds. CPU time, unlike time, does not depend on what else the machine does.
 */
export async function longestTurnMs(work: () => Promise<unknown>): Promise<number> {
  let longest = 0;
  let before = threadCpuMs();
  let isDone = false;
  const measureTurn = () => {
    const now = threadCpuMs();
    longest = Math.max(longest, now - before);
    before = now;
    if (!isDone) setImmediate(measureTurn);
  };
  setImmediate(measureTurn);
  try {
    await work();
  } finally {
    isDone = true;
  }
  // What is done since the last look.
  return Math.max(longest, threadCpuMs() - before);
}

function threadCpuMs(): number {
  // Of the whole process where Node does not know it of a thread (before Node 24).
  const usageOf = (process as { threadCpuUsage?: () => NodeJS.CpuUsage }).threadCpuUsage;
  const { user, system } = usageOf ? usageOf.call(process) : process.cpuUsage();
  return (user + system) / 1_000;
}
