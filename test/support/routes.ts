import { randomUUID } from 'node:crypto';
import { anonymously } from './service.ts';

export interface Route {
  readonly method: string;
  /** Path, with ids of objects that do not exist. */
  readonly address: string;
  /** Security schemes that the route declares; undefined if none. */
  readonly schemes: readonly string[] | undefined;
}

type Document = { paths: Record<string, Record<string, { security?: Record<string, unknown>[] }>> };

/** Returns every route in the OpenAPI document. */
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
