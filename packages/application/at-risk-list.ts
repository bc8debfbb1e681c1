import { sharedByCallers, type BoundedQueue } from '../bounded-tasks';
import {
  AT_RISK_LIMIT_MAX,
  ChurnError,
  type AtRiskList,
  type PublishedPartition,
} from '../contracts';
import { scoreUsers } from '../modeling';
import { loadModel, publishedChampion } from './models/model-services';
import type { Adapters } from './open/open-adapters';
import { newestPartition } from './partitions/partition-services';

type AtRiskAdapters = Pick<Adapters, 'ledger' | 'paths' | 'featureSet' | 'openDuckDb'>;

/** What a list is computed from: neither ever changes under its name. */
export interface ScoredSources {
  readonly version: string;
  readonly partition: PublishedPartition;
}

/** How many may wait for the list while it is computed. */
const WAITING_MAX = 100;

/**
 * The eligible users of the newest partition, most likely to leave first.
 *
 * @throws ChurnError NO_MODEL, NO_PARTITION, NO_STATE where the partition does not say who is subscribed
 */
export async function atRisk(
  adapters: AtRiskAdapters,
  { limit }: { limit: number },
): Promise<AtRiskList> {
  return scoreNewest(adapters, await readSources(adapters), limit);
}

/** What a kept list is made by; `atRiskSteps` has those of an installation. */
export interface AtRiskSteps {
  readonly readSources: () => Promise<ScoredSources>;
  readonly score: (sources: ScoredSources, limit: number) => Promise<AtRiskList>;
}

export function atRiskSteps(adapters: AtRiskAdapters): AtRiskSteps {
  return {
    readSources: () => readSources(adapters),
    score: (sources, limit) => scoreNewest(adapters, sources, limit),
  };
}

/**
 * The list for a process that is asked often: the list of a partition and a champion is computed
 * once, however many ask for it, and kept until there is another of either. Whoever stops waiting
 * (`signal`) leaves nothing behind that adds up: what is being read or computed is for all who ask.
 *
 * @param inTurn  Where the computation waits for its turn.
 * @throws ChurnError SERVER_BUSY when 100 wait already; and as `atRisk`. A failure is not kept.
 */
export function createAtRiskLists({ readSources: read, score }: AtRiskSteps, inTurn: BoundedQueue) {
  let kept: { readonly key: string; readonly list: Promise<AtRiskList> } | undefined;
  let waiting = 0;
  const readShared = sharedByCallers(read);

  function listOf(sources: ScoredSources): Promise<AtRiskList> {
    const { version, partition } = sources;
    const { date, revision, sha256 } = partition.manifest;
    const key = [version, date, revision, sha256].join(' ');
    if (kept?.key === key) return kept.list;
    const computed = { key, list: inTurn(() => score(sources, AT_RISK_LIMIT_MAX)) };
    computed.list.catch(() => {
      if (kept === computed) kept = undefined;
    });
    kept = computed;
    return computed.list;
  }

  return async ({ limit }: { limit: number }, signal?: AbortSignal): Promise<AtRiskList> => {
    signal?.throwIfAborted();
    if (waiting >= WAITING_MAX) throw new ChurnError('SERVER_BUSY', { what: 'the users at risk' });
    waiting += 1;
    try {
      const list = await unlessAborted(readShared().then(listOf), signal);
      return { ...list, users: list.users.slice(0, limit) };
    } finally {
      waiting -= 1;
    }
  };
}

async function readSources(adapters: AtRiskAdapters): Promise<ScoredSources> {
  const { version } = await publishedChampion(adapters);
  if (version === null) throw new ChurnError('NO_MODEL');
  const partition = await newestPartition(adapters);
  if (!partition) throw new ChurnError('NO_PARTITION');
  return { version, partition };
}

async function scoreNewest(
  adapters: AtRiskAdapters,
  { version, partition }: ScoredSources,
  limit: number,
): Promise<AtRiskList> {
  const model = await loadModel(adapters, version);
  const users = await scoreUsers({
    partition,
    model,
    eligibility: adapters.featureSet,
    limit,
    openDuckDb: () => adapters.openDuckDb(),
  });
  return { model_version: model.version, feature_time: partition.manifest.feature_time, users };
}

/** Resolves as `work` does, or rejects as soon as the signal is aborted; the work goes on. */
async function unlessAborted<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return work;
  let leave: (() => void) | undefined;
  const left = new Promise<never>((_resolve, reject) => {
    leave = () => reject(signal.reason as Error);
    signal.addEventListener('abort', leave, { once: true });
  });
  return Promise.race([work, left]).finally(() => signal.removeEventListener('abort', leave!));
}
