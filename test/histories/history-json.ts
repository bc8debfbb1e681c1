import { createRequire } from 'node:module';
import type { History } from '@temporalio/worker';

/**
 * Histories as protobuf's JSON, the form that `temporal workflow show --output json` prints.
 *
 * The SDK's own historyToJSON takes two copies of protobufjs for one wherever npm does not put a
 * single copy into place; this takes both halves from the copy beside the message types.
 */
interface ProtoJson {
  readonly toJson: (type: unknown, message: unknown) => unknown;
  readonly fromJson: (type: unknown, json: unknown, options: object) => History;
}

const fromWorker = createRequire(require.resolve('@temporalio/worker'));
const fromProto = createRequire(fromWorker.resolve('@temporalio/proto'));
const { toJson, fromJson } = fromProto('protobufjs/ext/protojson') as ProtoJson;
const { patchProtobufRoot } = fromWorker('@temporalio/proto/lib/patch-protobuf-root') as {
  patchProtobufRoot: (root: unknown) => { lookupType: (name: string) => HistoryType };
};
interface HistoryType {
  fromObject(object: unknown): unknown;
}
const historyType = patchProtobufRoot(fromWorker('@temporalio/proto')).lookupType(
  'temporal.api.history.v1.History',
);

/** Without who recorded it and where in the code it failed: replay does not look at either. */
export function historyToText(history: History): string {
  const scrubbed = JSON.stringify(
    toJson(historyType, historyType.fromObject(history)),
    (key, value: unknown) => {
      if (key === 'identity') return 'recorded';
      return key === 'stackTrace' ? '' : value;
    },
    1,
  );
  return `${scrubbed}\n`;
}

export function historyFromText(text: string): History {
  return fromJson(historyType, JSON.parse(text), { ignoreUnknownFields: true });
}
