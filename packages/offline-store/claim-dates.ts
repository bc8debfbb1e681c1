import { readdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { ChurnError, type PartitionManifest } from '../contracts';
import type { FeatureSet } from '../features';
import type { LogicalDate } from '../instants';
import type { ComputeContext, PartitionRequest } from './partition-request';
import type { Claim, Ledger } from './ledger';
import { currentPartition, scanManifests } from './manifests';
import { partitionPaths, type StorePaths } from './partition-paths';
import { isStale } from './select-dates';

/**
 * Claims the dates of a group, but for those that this owner has published before, and those that
 * have been overtaken since they were planned. Waits for dates that another owner holds.
 *
 * @param claims  Where the claims go, so that those made so far can be renewed meanwhile.
 * @returns The dates that have been overtaken.
 * @throws ChurnError PARTITION_BUSY when another owner holds a date for longer than its lease.
 */
export async function claimDates(
  { ledger, owner, store, featureSet }: ClaimContext,
  group: readonly PartitionRequest[],
  { claims, signal }: { claims: Map<LogicalDate, Claim>; signal?: AbortSignal },
): Promise<Set<LogicalDate>> {
  const rows = await ledger.list({ from: group[0]?.date, to: group.at(-1)?.date });
  const mine = new Set(
    rows
      .filter((row) => row.status === 'succeeded' && row.claimedBy === owner)
      .map((row) => row.date),
  );
  const wanted = group.filter(({ date }) => !mine.has(date));
  const dates = wanted.map(({ date }) => date);
  for (const claim of await ledger.claimAll(dates, owner)) claims.set(claim.date, claim);
  const overtaken = new Set<LogicalDate>();
  for (const request of wanted) {
    const { date } = request;
    const made = claims.get(date) ?? (await claimPatiently(ledger, { date, owner }, signal));
    claims.set(date, made);
    const claim = await adoptPublished(store, made);
    claims.set(date, claim);
    if (!isOvertaken(request, claim.published, featureSet)) continue;
    await ledger.release(claim, { status: 'succeeded' });
    // What a killed attempt published but did not record: nobody else would come to record it.
    if (!claim.isRecorded && claim.published) await ledger.restore(claim.published);
    claims.delete(date);
    overtaken.add(date);
  }
  return overtaken;
}

type ClaimContext = Pick<ComputeContext, 'ledger' | 'owner' | 'store' | 'featureSet'>;

/** Whether others have published what a restatement was not planned for, or what knows more. */
function isOvertaken(
  { basedOn, kind, known }: PartitionRequest,
  published: PartitionManifest | null,
  featureSet: FeatureSet,
): boolean {
  if (published === null) return false;
  if (basedOn !== undefined) return published.revision !== basedOn;
  const areBothLatest = kind === 'latest' && published.knowledge === 'latest';
  return areBothLatest && published.known_at > known.at && !isStale(published, featureSet);
}

/**
 * Removes what an earlier attempt left under temporary names; should that attempt still run, it has
 * nothing left that it could publish. Where it got as far as replacing the day's file, what readers
 * see is what counts as published, recorded or not.
 */
async function adoptPublished(store: StorePaths, claim: Claim): Promise<Claim> {
  await removeLeftovers(store, claim);
  // Looked for afterwards: what was renamed until then.
  const newestOnDisk = await newestRevision(store, claim.date);
  if (newestOnDisk <= (claim.published?.revision ?? 0)) return claim;
  const current = await currentPartition(store, claim.date);
  if (!current || current.manifest.revision <= (claim.published?.revision ?? 0)) {
    const { damaged } = await scanManifests(store, claim.date);
    const last = damaged.at(-1)?.revision;
    return last === undefined ? claim : { ...claim, damagedRevision: last };
  }
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

async function removeLeftovers(store: StorePaths, { date, fencingToken }: Claim): Promise<void> {
  // Not those of a later claim, should this one have been lost in between.
  const isEarlier = (name: string) => Number(/\.tmp-(\d+)$/.exec(name)?.[1]) <= fencingToken;
  const { revisionsDirectory } = partitionPaths(store, date);
  const names = await readdir(revisionsDirectory).catch(() => []);
  const leftovers = names
    .filter((name) => name.startsWith('.') && isEarlier(name))
    .map((name) => path.join(revisionsDirectory, name));
  await Promise.all(leftovers.map((file) => rm(file, { force: true })));
}

/** The number of the newest revision that lies there, published or not; 0 where there is none. */
async function newestRevision(store: StorePaths, date: LogicalDate): Promise<number> {
  const { revisionsDirectory } = partitionPaths(store, date);
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
