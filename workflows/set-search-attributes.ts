import { defineSearchAttributeKey, SearchAttributeType } from '@temporalio/common';
import { upsertSearchAttributes } from '@temporalio/workflow';
import type { searchAttributeNames } from '../packages/contracts';

type Name = (typeof searchAttributeNames)[number];

/** Makes this execution findable; names and values are public text, never a user's. */
export function setSearchAttributes(values: Partial<Record<Name, string>>): void {
  upsertSearchAttributes(
    Object.entries(values).map(([name, value]) => ({
      key: defineSearchAttributeKey(name, SearchAttributeType.KEYWORD),
      value,
    })),
  );
}
