import { z } from 'zod'
import type { Tx } from '../base/index.ts'
import type { AdminActor } from './actor.ts'
import type { AdminScope, Role } from './scopes.ts'

/**
 * One thing that an administrator can do. The REST API, the console, the command line, the permission matrix and the
 * OpenAPI document come from it; its handler is added in `createAdmin`.
 */
export interface OperationSpec<I extends z.ZodObject = z.ZodObject, O extends z.ZodType = z.ZodType> {
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  /** Below `/admin/api/v1`; a part in braces is the field of `input` by that name. */
  path: `/${string}`
  scope: AdminScope
  /** People of these roles may; a machine needs the scope alone. */
  roles: readonly Role[]
  /** One line of help. */
  summary: string
  /** Flat: what is not in the path is the query of a GET, and the JSON body of all else. Unknown members are refused. */
  input: I
  output: O
  /** What is created answers 201. */
  status?: 200 | 201
  /** It may end the access of somebody who administers: such changes are made one after the other. */
  shutsOut?: true
  /** Where what is created stands, where it has a path: its parts in braces are fields of the output or the input. */
  location?: `/${string}`
}

/** What a handler is told besides its input. */
export interface ReadCall {
  actor: AdminActor
  now: Date
}

export interface ChangeCall extends ReadCall {
  /** The change, its audit row and its idempotent answer stand or fall together. */
  tx: Tx
  /** Throws `precondition_failed` where the caller has seen another version than this (RFC 9110 §13.1.1). */
  ifMatch(version: string): void
}

/** Does the work of an operation: reads from the pool, or changes within the transaction. Throws `AdminFault`. */
export type Handler<S extends OperationSpec> = (
  call: S['method'] extends 'GET' ? ReadCall : ChangeCall,
  input: z.output<S['input']>,
) => Promise<z.input<S['output']>>

/** A handler for each operation of a part of the catalogue. */
export type Handlers<C extends Readonly<Record<string, OperationSpec>>> = { [N in keyof C]: Handler<C[N]> }

/** Keeps the exact types of an operation. */
export function operation<const S extends OperationSpec>(spec: S): S {
  return spec
}

/** A moment, as in ISO 8601. */
export const moment = z.iso.datetime()

/** A moment as it is given: of the years 1970 to 9999, which every part of the house can write. */
export const givenMoment = moment.refine((text) => text >= '1970', 'must be of the years 1970 to 9999')

/** A page of a list: how many at most, and where it begins (`next` of the page before). */
export const pageInput = {
  limit: z.coerce.number().int().min(1).max(200).default(25).describe('how many at most'),
  cursor: z
    .string()
    .max(1000)
    .regex(/^[\w.-]+$/)
    .optional()
    .describe('`next` of the page before'),
}

/** A page; `next` is null on the last one. */
export function pageOf<T extends z.ZodType>(item: T) {
  return z.object({ items: z.array(item), next: z.string().nullable() })
}

/** What has nothing to say. */
export const done = z.object({ done: z.literal(true) })
