import { type Block, isCommand } from './blocks.ts'

interface Exception {
  page: string
  /** How the block begins. */
  begins: string
  /** Why nobody runs it here, in words. */
  reason: string
}

const ENGINE = 'needs a container engine; test/release lays the same image out in a folder and starts it'
const CLUSTER = 'needs a cluster; test/helm renders the chart with the values of this page and runs its containers'

/** The blocks that no test runs. Whatever is not here is run by `commands.long.test.ts`. */
export const EXCEPTIONS: readonly Exception[] = [
  { page: 'docs/container.md', begins: 'docker build -t', reason: ENGINE },
  { page: 'docs/container.md', begins: 'docker compose up', reason: `${ENGINE}, and what compose.yaml describes` },
  { page: 'docs/container.md', begins: 'docker run', reason: ENGINE },
  { page: 'docs/container.md', begins: 'docker buildx', reason: `${ENGINE}, and a registry to push to` },
  {
    page: 'docs/container.md',
    begins: 'npm run image',
    reason: 'takes minutes; test/release/image.long.test.ts does what it does',
  },
  { page: 'docs/kubernetes.md', begins: 'docker build -', reason: ENGINE },
  { page: 'docs/kubernetes.md', begins: 'kubectl', reason: CLUSTER },
  { page: 'docs/kubernetes.md', begins: 'helm', reason: CLUSTER },
  { page: 'helm/README.md', begins: 'helm', reason: CLUSTER },
  { page: 'docs/performance.md', begins: 'PORT=4600', reason: 'serves the bench of the block below it, and does not end' },
  { page: 'docs/performance.md', begins: 'npm run bench', reason: 'measures for minutes and wants the machine for itself' },
]

/** Pages whose every block another test runs. */
export const RUN_ELSEWHERE: readonly { pages: RegExp; by(page: string): string }[] = [
  { pages: /^docs\/runbook\//, by: () => 'test/house/runbook.long.test.ts' },
  {
    pages: /^(?:docs|examples)\/libraries\//,
    by: (page) => `test/libraries/${/libraries\/([\w-]+)/.exec(page)?.[1]}.long.test.ts`,
  },
]

/** What stands in for a command that a page begins with, and why. `shell.ts` does it. */
export const STAND_INS = {
  'npm ci': 'the packages are there: the copy in which commands are run has them linked',
  'npm test': 'it is what runs this test',
} as const

export const exceptionFor = ({ page, text }: Block): Exception | undefined =>
  EXCEPTIONS.find((one) => one.page === page && text.startsWith(one.begins))

export const runElsewhere = ({ page }: Block): boolean => RUN_ELSEWHERE.some(({ pages }) => pages.test(page))

/** Whether `commands.long.test.ts` must run it. */
export const isOurs = (block: Block): boolean => isCommand(block) && !exceptionFor(block) && !runElsewhere(block)
