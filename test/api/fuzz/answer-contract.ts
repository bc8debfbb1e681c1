import Ajv, { type ValidateFunction } from 'ajv';
import addFormats from 'ajv-formats';
import { errorCatalogue, type ErrorCode } from '../../../packages/contracts/errors';
import type { OpenApi } from '../open-api-document';

export interface Answer {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
}

/** `GET /models/{version}`, as the document has it; null: of no operation. */
export type Operation = string | null;

/**
 * What is wrong with an answer by the OpenAPI document: a status, a content type or a code that it
 * does not list for the operation, a body that does not fit its schema, or words from inside. Objects
 * may have no other members than the document names.
 */
export function createAnswerContract(document: OpenApi) {
  const ajv = new Ajv({ strict: false, allErrors: true });
  addFormats(ajv);
  ajv.addSchema({ $id: 'openapi', ...(closed(document) as object) });
  const validators = new Map<string, ValidateFunction>();

  function validatorOf(schema: unknown): ValidateFunction {
    const text = JSON.stringify(closed(schema)).replaceAll('"#/', '"openapi#/');
    const validate = validators.get(text) ?? ajv.compile(JSON.parse(text) as object);
    validators.set(text, validate);
    return validate;
  }

  function schemaProblems(schema: unknown, body: string): string[] {
    const validate = validatorOf(schema);
    if (validate(JSON.parse(body))) return [];
    return [`${ajv.errorsText(validate.errors)}: ${body.slice(0, 300)}`];
  }

  function problemProblems({ status, contentType, body }: Answer): string[] {
    if (!contentType.startsWith('application/problem+json')) {
      return [`${status} is no problem but ${contentType}: ${body.slice(0, 200)}`];
    }
    const wrong = schemaProblems({ $ref: '#/components/schemas/ProblemDto' }, body);
    const { code } = JSON.parse(body) as { code: ErrorCode };
    if (errorCatalogue[code]?.httpStatus !== status) wrong.push(`${code} with status ${status}`);
    return wrong;
  }

  function documentedProblems(operation: string, answer: Answer): string[] {
    const [method, url] = operation.split(' ') as [string, string];
    const response = document.paths[url]![method.toLowerCase()]!.responses[answer.status];
    if (!response) return [`${operation} may not answer ${answer.status}: ${answer.body}`];
    if (answer.status >= 400) {
      const { code } = JSON.parse(answer.body) as { code: string };
      const codes = response.description.split(', ');
      return codes.includes(code) ? [] : [`${operation} may not answer with ${code}`];
    }
    const [type] = answer.contentType.split(';');
    const content = response.content?.[type!];
    if (!content) return [`${operation} may not answer with ${type}`];
    return type === 'application/json' ? schemaProblems(content.schema, answer.body) : [];
  }

  return (operation: Operation, answer: Answer): string[] => {
    const wrong = answer.status >= 400 ? problemProblems(answer) : [];
    if (wrong.length > 0) return wrong;
    if (answer.status >= 500 && answer.status !== 503) return [`${answer.status}: ${answer.body}`];
    if (isLeaking(answer.body)) return [`words from inside: ${answer.body.slice(0, 500)}`];
    return operation === null || isOfNoRoute(answer)
      ? wrong
      : documentedProblems(operation, answer);
  };
}

/** A path with an empty or encoded part, or another method, may be no operation's any more. */
function isOfNoRoute({ status, body }: Answer): boolean {
  return status === 405 || (status === 404 && body.includes('"NOT_FOUND"'));
}

function isLeaking(body: string): boolean {
  return /node_modules|\.[jt]s:\d+|postgres:\/\/|redis:\/\/|insert into|\bat [\w.]+ \(/i.test(body);
}

/** A schema whose objects have only the members it names, unless it says otherwise. */
function closed(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(closed);
  if (typeof schema !== 'object' || schema === null) return schema;
  const members = Object.entries(schema).map(([name, value]) => [name, closed(value)] as const);
  const isOpen = !('properties' in schema) || 'additionalProperties' in schema;
  const isObject = 'type' in schema && schema.type === 'object';
  return {
    ...Object.fromEntries(members),
    ...(isObject && !isOpen && { additionalProperties: false }),
  };
}
