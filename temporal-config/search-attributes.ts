import type { Connection } from '@temporalio/client';
import { searchAttributeNames } from '../packages/contracts';

/** temporal.api.enums.v1.IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD. A server has few TEXT ones. */
const KEYWORD = 2;

type Operator = Pick<Connection['operatorService'], 'listSearchAttributes' | 'addSearchAttributes'>;

/**
 * Registers the search attributes the workflows set; those that are there stay as they are.
 *
 * @returns the names that were missing.
 */
export async function registerSearchAttributes(
  { operatorService }: { operatorService: Operator },
  { namespace }: { namespace: string },
): Promise<string[]> {
  const { customAttributes = {} } = await operatorService.listSearchAttributes({ namespace });
  const missing = searchAttributeNames.filter((name) => !(name in (customAttributes ?? {})));
  if (missing.length === 0) return [];
  try {
    await operatorService.addSearchAttributes({
      namespace,
      searchAttributes: Object.fromEntries(missing.map((name) => [name, KEYWORD])),
    });
  } catch (error) {
    // Another process registers the same ones at the same moment.
    if (!/already exists/i.test(String(error))) throw error;
  }
  return missing;
}
