import { randomUUID } from 'node:crypto';
import {
  Client,
  isGrpcServiceError,
  WorkflowNotFoundError,
  type Connection,
  type WorkflowExecutionDescription,
  type WorkflowHandle,
} from '@temporalio/client';
import { oneAtATime } from '../../bounded-tasks';
import {
  backfillStart,
  backfillWorkflowId,
  ChurnError,
  workflowMessages,
  workflowTypes,
  type BackfillChange,
  type BackfillPlan,
  type BackfillPreview,
  type BackfillProgress,
  type BackfillRequest,
  type BackfillStarted,
  type Progress,
} from '../../contracts';
import type { TemporalSecurity } from '../../config';
import { asDatabaseError, withLeasedLock } from '../../database';
import { connectTemporal, temporalRefusal } from '../../local-services';
import { PLANNING_WAIT_MILLIS } from '../../raw-data';
import {
  draftBackfill,
  inPresentWords,
  readBackfill,
  recordDeath,
  recordPlan,
  type RecordedBackfill,
} from './backfill-services';
import { warnBeforeData } from './dates-before-data';
import type { Adapters } from '../open/open-adapters';
import { startWaitOf } from './start-wait-of';
import { askProgress, isOutOfTime, UNANSWERED } from '../ask-progress';
import { describePendingFailure, pendingFailures } from '../pending-failures';

/** A Temporal client that connects at its first use, so that a process starts without Temporal. */
export interface LazyTemporal {
  /** @throws ChurnError TEMPORAL_UNAVAILABLE, INVALID_SETTING */
  connection(): Promise<Connection>;
  /** @throws ChurnError TEMPORAL_UNAVAILABLE, INVALID_SETTING */
  client(): Promise<Client>;
  close(): Promise<void>;
}

export function openLazyTemporal(options: {
  address: string;
  namespace: string;
  /** Default: none, as the embedded server has it. */
  security?: TemporalSecurity;
}): LazyTemporal {
  let opened: Promise<Connection> | undefined;
  const connection = async () => {
    opened ??= connectTemporal(options);
    try {
      return await opened;
    } catch (error) {
      opened = undefined;
      throw error;
    }
  };
  return {
    connection,
    client: async () =>
      new Client({ connection: await connection(), namespace: options.namespace }),
    close: async () => {
      await opened?.then((open) => open.close()).catch(() => {});
    },
  };
}

/**
 * Turns a lost connection into TEMPORAL_UNAVAILABLE, and a namespace that is not there or a refused
 * API key into INVALID_SETTING; other errors pass through.
 */
export function asTemporalError(error: unknown): unknown {
  // Most calls of the client wrap what gRPC said.
  const cause = error instanceof Error && !isGrpcServiceError(error) ? error.cause : error;
  if (isNamespaceMissing(error) || isNamespaceMissing(cause)) {
    const problem = 'the server has no namespace of that name';
    const details = { variable: 'TEMPORAL_NAMESPACE', problem };
    return new ChurnError('INVALID_SETTING', details, { cause: error });
  }
  const refusal = temporalRefusal(cause);
  if (refusal) return refusal;
  const isDown = isGrpcServiceError(cause) && Number(cause.code) === UNAVAILABLE;
  return isDown || isOutOfTime(error)
    ? new ChurnError('TEMPORAL_UNAVAILABLE', {}, { cause: error })
    : error;
}

/** Status codes of gRPC. */
const NOT_FOUND = 5;
const UNAVAILABLE = 14;

function isNamespaceMissing(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if (error.name === 'NamespaceNotFoundError') return true;
  return (
    isGrpcServiceError(error) &&
    Number(error.code) === NOT_FOUND &&
    /^namespace /i.test(error.details)
  );
}

type Waiting = Pick<Progress, 'report' | 'signal'>;

export type BackfillRuns = ReturnType<typeof createBackfillRuns>;

const START_LOCK_KEY = 7_401_340;

/** A backfill is recorded before Temporal knows it: so long its start may be under way. */
const START_SECONDS_MAX = 60;

/** Starts backfills and talks to running ones; one at a time over any date. */
export function createBackfillRuns(adapters: Adapters, temporal: LazyTemporal) {
  const planInTurn = planningInTurn();
  const handleOf = async (id: string) =>
    (await temporal.client()).workflow.getHandle(backfillWorkflowId(id));

  const progress = async (id: string): Promise<BackfillProgress> => {
    const recorded = await readBackfill(adapters, id);
    if (!recorded) throw new ChurnError('BACKFILL_NOT_FOUND', { id });
    if (recorded.report) return reportOf(recorded.report);
    const handle = await handleOf(id);
    try {
      const described = await handle.describe();
      if (described.status.name === 'RUNNING') {
        const answer = await askProgress<BackfillProgress>(await temporal.client(), handle);
        return withTrouble(answer ?? (await unansweredProgress(adapters, recorded)), described);
      }
    } catch (error) {
      if (!(error instanceof WorkflowNotFoundError)) throw asTemporalError(error);
      return ended(adapters, id, START_SECONDS_MAX);
    }
    return ended(adapters, id);
  };

  const tell = createTell({ progress, handleOf });

  return {
    /**
     * What `start` would do; records and runs nothing.
     *
     * @throws ChurnError INVALID_DATE_RANGE, INVALID_REQUEST, NO_DATA, LOAD_RUNNING
     */
    plan: (request: BackfillRequest): Promise<BackfillPreview> =>
      planInTurn(async (waitMillis) => {
        const plan = await draftBackfill(adapters, { id: 'dry-run', request, waitMillis });
        return { ...plan, warnings: await warnBeforeData(adapters, request) };
      }),

    /**
     * @param waiting  Is told while another process starts a backfill, and ends the wait for that.
     * @throws ChurnError BACKFILL_OVERLAP, LOAD_RUNNING, INVALID_DATE_RANGE, INVALID_REQUEST, NO_DATA
     */
    start: async (request: BackfillRequest, waiting?: Waiting): Promise<BackfillStarted> => {
      const started = await planInTurn(async (waitMillis) => {
        // First: nothing may fail that has started.
        const warnings = await warnBeforeData(adapters, request);
        return { ...(await start(adapters, temporal, { request, waitMillis, waiting })), warnings };
      });
      // One that is attached to may be paused. Not in turn: a worker may not answer for seconds.
      const { status } = started.created ? STARTED : await progress(started.id);
      return { ...started, status };
    },
    progress,
    /** @throws ChurnError BACKFILL_ENDED, BACKFILL_NOT_FOUND, TEMPORAL_UNAVAILABLE */
    pause: (id: string) => tell(id, 'pause'),
    /** @throws as `pause` does */
    resume: (id: string) => tell(id, 'resume'),
    /** What it published stays. @throws as `pause` does */
    cancel: (id: string) => tell(id, 'cancel'),
  };
}

const STARTED = { status: 'running' } as const;

type BackfillVerb = 'pause' | 'resume' | 'cancel';

const statusAfter = { pause: 'paused', resume: 'running', cancel: 'cancelled' } as const;

/** Tells a backfill what to do: once, however often it is asked for. */
function createTell(ask: {
  readonly progress: (id: string) => Promise<BackfillProgress>;
  readonly handleOf: (id: string) => Promise<WorkflowHandle>;
}) {
  return async (id: string, verb: BackfillVerb): Promise<BackfillChange> => {
    const before = await ask.progress(id);
    const wanted = statusAfter[verb];
    const unchanged = { ...before, changed: false };
    if (before.status === 'cancelled' && verb === 'cancel') return unchanged;
    requireUnfinished(before);
    const handle = await ask.handleOf(id);
    if (await isCancelRequested(handle, id)) {
      if (verb === 'cancel') return unchanged;
      throw new ChurnError('BACKFILL_ENDED', { id, status: 'being cancelled' });
    }
    // Of one that no worker answers for, the status is not known; to be told twice does no harm.
    if (isAnswered(before) && before.status === wanted) return unchanged;
    await order(handle, verb).catch(unlessOver);
    // It was told: what comes after this is only how the answer words it.
    const status = verb === 'cancel' ? before.status : wanted;
    const after = await ask.progress(id).catch(() => ({ ...before, status }));
    if (!isAnswered(after)) return { ...after, status, changed: true };
    if (after.status !== wanted) requireUnfinished(after);
    return { ...after, changed: true };
  };
}

function order(handle: WorkflowHandle, verb: BackfillVerb): Promise<unknown> {
  return verb === 'cancel' ? handle.cancel() : handle.signal(workflowMessages[verb]);
}

const isAnswered = ({ reason }: BackfillProgress) => reason !== UNANSWERED;

/**
 * One that is being cancelled is shown as running until it has wound up.
 *
 * @throws ChurnError BACKFILL_NOT_FOUND: Temporal does not know it, perhaps not yet
 */
async function isCancelRequested(handle: WorkflowHandle, id: string): Promise<boolean> {
  const { raw } = await handle.describe().catch((error: unknown) => {
    if (!(error instanceof WorkflowNotFoundError)) throw asTemporalError(error);
    throw new ChurnError('BACKFILL_NOT_FOUND', { id }, { cause: error });
  });
  return raw.workflowExtendedInfo?.cancelRequested === true;
}

/** @throws ChurnError BACKFILL_ENDED */
function requireUnfinished({ id, status }: BackfillProgress): void {
  if (status === 'running' || status === 'paused') return;
  throw new ChurnError('BACKFILL_ENDED', { id, status });
}

/** Runs one planning after the other, each with how long it may wait for a load under way. */
function planningInTurn() {
  // Those that wait for a lock would hold every connection that the one with the lock needs.
  const inTurn = oneAtATime();
  return <T>(work: (waitMillis: number) => Promise<T>): Promise<T> => {
    // A load holds up all of them at once, and not one after the other.
    const end = Date.now() + PLANNING_WAIT_MILLIS;
    return inTurn(() => work(Math.max(1, end - Date.now())));
  };
}

/** Of a running backfill whose worker does not answer: what it has published is in the ledger. */
async function unansweredProgress(
  { ledger }: Adapters,
  recorded: RecordedBackfill,
): Promise<BackfillProgress> {
  const succeeded = await ledger.countPublishedBy(recorded.id);
  return { ...progressOf(recorded), status: 'running', succeeded, reason: UNANSWERED };
}

/** A backfill may end while it is told something. */
function unlessOver(error: unknown): void {
  if (!(error instanceof WorkflowNotFoundError)) throw asTemporalError(error);
}

/** What became of a backfill whose workflow is over: without a report of its own, it has failed. */
async function ended(adapters: Adapters, id: string, secondsMin = 0): Promise<BackfillProgress> {
  await recordDeath(adapters.database.sql, id, secondsMin);
  const recorded = await readBackfill(adapters, id);
  if (!recorded) throw new ChurnError('BACKFILL_NOT_FOUND', { id });
  return recorded.report ? reportOf(recorded.report) : progressOf(recorded);
}

function progressOf({ id, status, plan }: RecordedBackfill): BackfillProgress {
  const { planned, skipped, knowledge } = plan;
  const reason = status === 'failed' ? DIED : null;
  const counts = { planned, skipped, succeeded: 0, failed: [], errors: [] };
  return { id, status, knownAt: knowledge.knownAt, ...counts, reason };
}

const DIED = "Its workflow ended without a report: it was terminated, or Temporal's data was lost.";

/** Of an earlier release, a report has no reasons. */
function reportOf(
  report: Omit<BackfillProgress, 'errors' | 'reason'> & Partial<BackfillProgress>,
): BackfillProgress {
  return { ...report, errors: report.errors ?? [], reason: report.reason ?? null };
}

/** A worker that is gone has told the workflow nothing: Temporal knows how its attempt ended. */
function withTrouble(
  progress: BackfillProgress,
  described: WorkflowExecutionDescription,
): BackfillProgress {
  const [failure] = pendingFailures(described);
  if (progress.reason || !failure) return reportOf(progress);
  return { ...reportOf(progress), reason: describePendingFailure(failure, Date.now()) };
}

async function startPlanned(
  adapters: Adapters,
  client: Client,
  { request, plan }: { request: BackfillRequest; plan: BackfillPlan },
): Promise<void> {
  await recordPlan(adapters, plan);
  try {
    await client.workflow.start(
      workflowTypes.backfill,
      backfillStart({ id: plan.id, request, plan }),
    );
  } catch (error) {
    // It may have started, and only the answer be lost.
    const mayRun = await isStillRunning(client, plan.id).catch(() => true);
    if (!mayRun) await forget(adapters, plan.id);
    throw asTemporalError(error);
  }
}

/** Attaches, refuses or starts: under one lock, so that two starts can't both win. */
async function start(
  adapters: Adapters,
  temporal: LazyTemporal,
  asked: {
    request: BackfillRequest;
    waitMillis: number;
    waiting?: Waiting;
  },
): Promise<Pick<BackfillStarted, 'id' | 'created'>> {
  const { request, waitMillis, waiting } = asked;
  const client = await temporal.client();
  const lock = {
    key: START_LOCK_KEY,
    activity: 'starting a backfill',
    state: {},
    wait: waiting && startWaitOf(waiting),
  };
  return withLeasedLock(
    adapters.database,
    lock,
    async (tx): Promise<Pick<BackfillStarted, 'id' | 'created'>> => {
      const candidates = await tx<RecordedBackfill[]>`
        select id, status, plan, report from ops.backfills
        where status = 'running' and from_date <= ${request.to} and to_date >= ${request.from}`;
      for (const candidate of candidates.map(inPresentWords)) {
        if (!(await isStillRunning(client, candidate.id))) {
          await recordDeath(tx, candidate.id);
          continue;
        }
        if (sameRequest(candidate.plan.request, request)) {
          return { id: candidate.id, created: false };
        }
        const { from, to } = candidate.plan.request;
        throw new ChurnError('BACKFILL_OVERLAP', { running: candidate.id, from, to });
      }
      const plan = await draftBackfill(adapters, { id: newId(request), request, waitMillis });
      await startPlanned(adapters, client, { request, plan });
      return { id: plan.id, created: true };
    },
  ).catch((error: unknown) => {
    throw asDatabaseError(asTemporalError(error));
  });
}

async function isStillRunning(client: Client, id: string): Promise<boolean> {
  try {
    const { status } = await client.workflow.getHandle(backfillWorkflowId(id)).describe();
    return status.name === 'RUNNING';
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return false;
    throw asTemporalError(error);
  }
}

function sameRequest(a: BackfillRequest, b: BackfillRequest): boolean {
  return (
    a.from === b.from &&
    a.to === b.to &&
    a.reprocess === b.reprocess &&
    a.knownAt === b.knownAt &&
    a.train === b.train
  );
}

/** The range, readable in Temporal's UI, and enough randomness to be new. */
function newId({ from, to }: BackfillRequest): string {
  const suffix = randomUUID().slice(0, 8);
  return `${from}_${to}_${suffix}`;
}

async function forget({ database }: Adapters, id: string): Promise<void> {
  await database.sql`delete from ops.backfills where id = ${id}`.catch(() => {});
}
