import { randomUUID } from 'node:crypto';
import { anonymously } from './service.ts';

export interface Route {
  readonly method: string;
  /** With ids of things that do not exist. */
  readonly address: string;
  /** The ways to sign in that it names; undefined for none. */
  readonly schemes: readonly string[] | undefined;
}

type Document = { paths: Record<string, Record<string, { security?: Record<string, unknown>[] }>> };

/** Every route that the OpenAPI document has. */
export async function allRoutes(service: { readonly url: string }): Promise<Route[]> {
  const { body } = await anonymously<Document>(service, 'GET', '/openapi.json');
  return Object.entries(body.paths).flatMap(([path, operations]) =>
    Object.entries(operations).map(([method, { security }]) => ({
      method: method.toUpperCase(),
      address: `${path.replaceAll(/\{\w+\}/g, randomUUID())}/`,
      schemes: security?.flatMap((each) => Object.keys(each)),
    })),
  );
}

export const isRead = ({ method }: Pick<Route, 'method'>): boolean => ['GET', 'HEAD'].includes(method);
