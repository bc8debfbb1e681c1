import { readdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { ChurnError } from '../contracts';
import type { LogicalDate } from '../instants';
import type { ComputeContext, PartitionRequest } from './compute-partitions';
import type { Claim, Ledger } from './ledger';
import { currentPartition } from './manifests';
import { partitionPaths } from './partition-paths';

/**
 * Claims the dates of a group, but for those that this owner has published before. Waits for dates
 * that another owner holds.
 *
 * @throws ChurnError PARTITION_BUSY when another owner holds a date for longer than its lease.
 */
export async function claimDates(
  { ledger, owner, featuresDir }: Pick<ComputeContext, 'ledger' | 'owner' | 'featuresDir'>,
  group: readonly PartitionRequest[],
  signal?: AbortSignal,
): Promise<Map<LogicalDate, Claim>> {
  const rows = await ledger.list({ from: group[0]?.date, to: group.at(-1)?.date });
  const mine = new Set(
    rows
      .filter((row) => row.status === 'succeeded' && row.claimedBy === owner)
      .map((row) => row.date),
  );
  const wanted = group.map(({ date }) => date).filter((date) => !mine.has(date));
  const claims = new Map<LogicalDate, Claim>();
  for (const claim of await ledger.claimAll(wanted, owner)) claims.set(claim.date, claim);
  for (const date of wanted) {
    const claim = claims.get(date) ?? (await claimPatiently(ledger, { date, owner }, signal));
    claims.set(date, await adoptPublished(featuresDir, claim));
  }
  return claims;
}

/**
 * Removes what an earlier attempt left under temporary names; should that attempt still run, it has
 * nothing left that it could publish. Where it got as far as replacing the day's file, what readers
 * see is what counts as published, recorded or not.
 */
async function adoptPublished(featuresDir: string, claim: Claim): Promise<Claim> {
  await removeLeftovers(featuresDir, claim.date);
  // Looked for afterwards: what was renamed until then.
  const newestOnDisk = await newestRevision(featuresDir, claim.date);
  if (newestOnDisk <= (claim.published?.revision ?? 0)) return claim;
  const current = await currentPartition(featuresDir, claim.date);
  if (!current || current.manifest.revision <= (claim.published?.revision ?? 0)) return claim;
  return { ...claim, published: current.manifest, isRecorded: false };
}

async function claimPatiently(
  ledger: Ledger,
  { date, owner }: { date: LogicalDate; owner: string },
  signal?: AbortSignal,
): Promise<Claim> {
  const pauseMillis = 250;
  const attemptsMax = (2 * ledger.leaseSeconds * 1000) / pauseMillis;
  for (let attempt = 0; attempt < attemptsMax; attempt += 1) {
    signal?.throwIfAborted();
    const claim = await ledger.claim(date, owner);
    if (claim) return claim;
    await new Promise((resolve) => setTimeout(resolve, pauseMillis));
  }
  throw new ChurnError('PARTITION_BUSY', { date });
}

async function removeLeftovers(featuresDir: string, date: LogicalDate): Promise<void> {
  const { revisionsDirectory, dayFile } = partitionPaths(featuresDir, date);
  const revisions = await readdir(revisionsDirectory).catch(() => []);
  const days = revisions.length === 0 ? [] : await readdir(path.dirname(dayFile)).catch(() => []);
  const leftovers = [
    ...revisions
      .filter((name) => name.startsWith('.') && name.includes('.tmp-'))
      .map((name) => path.join(revisionsDirectory, name)),
    ...days
      .filter((name) => name.startsWith(`.${path.basename(dayFile)}.tmp-`))
      .map((name) => path.join(path.dirname(dayFile), name)),
  ];
  await Promise.all(leftovers.map((file) => rm(file, { force: true })));
}

/** The number of the newest revision that lies there, published or not; 0 where there is none. */
async function newestRevision(featuresDir: string, date: LogicalDate): Promise<number> {
  const { revisionsDirectory } = partitionPaths(featuresDir, date);
  const names = await readdir(revisionsDirectory).catch(() => []);
  const numbers = names.map((name) => Number(/^rev-(\d+)\.parquet$/.exec(name)?.[1] ?? 0));
  return Math.max(0, ...numbers);
}

/** Puts off the expiry of claims until the returned function is called. */
export function keepRenewing(ledger: Ledger, claims: Map<LogicalDate, Claim>): () => Promise<void> {
  let renewal = Promise.resolve();
  const timer = setInterval(() => {
    renewal = ledger.renew([...claims.values()]).catch(() => {});
  }, ledger.leaseSeconds * 300);
  return async () => {
    clearInterval(timer);
    await renewal;
  };
}
