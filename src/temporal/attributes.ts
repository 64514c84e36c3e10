import type { Connection } from '@temporalio/client';
import { TypedSearchAttributes } from '@temporalio/common';
import proto from '@temporalio/proto';
import { searchAttributes } from '../contract/names.ts';
import { SetupError } from '../lib/setup-error.ts';
import { grpcCode, grpcStatus } from './grpc.ts';
import { errorMessage } from '../lib/error-message.ts';

const { IndexedValueType } = proto.temporal.api.enums.v1;

type Attribute = (typeof searchAttributes)[keyof typeof searchAttributes];

const attributes: readonly Attribute[] = Object.values(searchAttributes);

/** Our attributes as the server's flags and messages name them: "TaskOwner=Keyword". */
export const attributeFlags: readonly string[] = attributes.map(describe);

/**
 * Registers the attributes that the namespace lacks.
 * @throws {SetupError} when one exists with another type: that can't be changed.
 */
export async function addMissingAttributes(connection: Connection, namespace: string): Promise<void> {
  const { missing, wrong } = await compare(connection, namespace);
  if (wrong.length > 0) throw new SetupError(wrong.join('\n'));
  if (missing.length === 0) return;
  const searchAttributes = Object.fromEntries(missing.map((it) => [it.name, indexedValueType(it)]));
  try {
    await connection.operatorService.addSearchAttributes({ namespace, searchAttributes });
  } catch (error) {
    // Another setup has added them at the same time.
    if (grpcCode(error) === grpcStatus.alreadyExists) return;
    throw new SetupError(
      `Search attributes can't be added to namespace "${namespace}" (${errorMessage(error)}). ` +
        `Add them with your provider's own tool: ${missing.map(describe).join(', ')}.`,
      { cause: error },
    );
  }
}

/** @returns one line for each attribute that is missing or wrong. */
export async function attributeFaults(connection: Connection, namespace: string): Promise<string[]> {
  const { missing, wrong } = await compare(connection, namespace);
  return [...missing.map((it) => `search attribute ${describe(it)}`), ...wrong];
}

/** Queries by all our attributes. @throws as long as the namespace rejects such queries. */
export async function queryAttributes(connection: Connection, namespace: string): Promise<void> {
  const conditions = attributes.map(({ name }) => `${name} IS NULL`);
  // The id matches nothing, so that the query is cheap in a full namespace.
  const query = [`WorkflowId = 'taskbell-setup'`, ...conditions].join(' AND ');
  await connection.workflowService.countWorkflowExecutions({ namespace, query });
}

async function compare(
  connection: Connection,
  namespace: string,
): Promise<{ missing: Attribute[]; wrong: string[] }> {
  const { customAttributes } = await connection.operatorService.listSearchAttributes({ namespace });
  const missing: Attribute[] = [];
  const wrong: string[] = [];
  for (const attribute of attributes) {
    const registered = customAttributes[attribute.name];
    if (registered === undefined || registered === null) missing.push(attribute);
    else if (registered !== indexedValueType(attribute)) {
      wrong.push(`search attribute ${describe(attribute)}: exists with type ${IndexedValueType[registered]}`);
    }
  }
  return { missing, wrong };
}

function indexedValueType({ type }: Attribute): proto.temporal.api.enums.v1.IndexedValueType {
  return IndexedValueType[`INDEXED_VALUE_TYPE_${type}`];
}

function describe({ name, type }: Attribute): string {
  return `${name}=${TypedSearchAttributes.toMetadataType(type)}`;
}
