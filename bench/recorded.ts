/** What V8's profiler records, as its protocol says it: times are microseconds. */
export interface Profile {
  nodes: { id: number; children?: number[]; callFrame: { functionName: string; url: string; lineNumber: number } }[]
  samples: number[]
  timeDeltas: number[]
}

export interface Share {
  name: string
  share: number
}
