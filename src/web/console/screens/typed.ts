import type { Context } from 'koa'
import { AdminFault, type AdminFaultCode, type FieldFault } from '../../../admin/index.ts'
import type { Cookies } from '../../cookies.ts'

/** What was typed goes back to its page while it fits a cookie: so many bytes. */
const BYTES_MAX = 2500

const ABOUT_INPUT: readonly AdminFaultCode[] = ['invalid_input', 'conflict']

/** A form that could not be taken: what was typed, and what is wrong with it. */
export interface Refused {
  typed: Record<string, string>
  faults: FieldFault[]
}

/** Carries what a form could not take to the page that it stands on, for one request. */
export function createTyped(cookies: Pick<Cookies, 'setFlash' | 'takeFlash'>) {
  return {
    /** Keeps it where `error` is about what was typed, or what stands in its way; throws anything else. */
    keep(ctx: Context, form: string, typed: Record<string, string>, error: unknown): void {
      if (!(error instanceof AdminFault) || !ABOUT_INPUT.includes(error.code)) throw error
      const faults = error.faults.length > 0 ? [...error.faults] : [{ field: '', words: error.detail }]
      const whole = JSON.stringify({ typed, faults })
      const kept = Buffer.byteLength(whole) <= BYTES_MAX ? whole : JSON.stringify({ typed: {}, faults: faults.slice(0, 3) })
      cookies.setFlash(ctx, form, Buffer.from(kept).toString('base64url'))
    },
    /** Before the frame is drawn, which hears what was said as well. Our own signed cookie holds what we wrote. */
    take(ctx: Context, form: string): Refused | null {
      const flash = cookies.takeFlash(ctx, form)
      return flash === undefined ? null : JSON.parse(Buffer.from(flash, 'base64url').toString('utf8'))
    },
  }
}

/** Whether this field was refused. */
export function isFaulty(refused: Refused | null, field: string): boolean {
  return refused?.faults.some((fault) => fault.field === field) ?? false
}

/** What is wrong besides: with none of `known`. */
export function otherFault(refused: Refused | null, known: readonly string[]): string | null {
  return refused?.faults.find(({ field }) => !known.includes(field))?.words ?? null
}
