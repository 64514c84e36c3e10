/** Labels for what clients can make up: each other value would be another series. */
import { measuredCloseCodes, measuredMethods } from './catalogue.ts';

const methods = new Map(measuredMethods.map((method) => [method as string, method]));
const closeCodes = new Map(measuredCloseCodes.map((code) => [Number(code), code]));

export function methodLabel(method: string): (typeof measuredMethods)[number] | 'other' {
  return methods.get(method) ?? 'other';
}

export function closeCodeLabel(code: number): (typeof measuredCloseCodes)[number] | 'other' {
  return closeCodes.get(code) ?? 'other';
}
