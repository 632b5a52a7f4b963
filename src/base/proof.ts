/** A proof that something was shown, with what it says about the person's authentication (RFC 8176). */
export interface Proof {
  /** Which method: the factor's kind. */
  kind: string
  /** Authentication Method References. */
  amr: readonly string[]
  /** 1 for one factor; 2 where the method is two factors by itself. */
  level: 1 | 2
  /** When, as an ISO 8601 time. */
  at: string
  /** Who gave it may be somebody else by now: it counts only beside another one that is not so. */
  doubtful?: true
}
