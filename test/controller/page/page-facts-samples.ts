/** The status page in tests: its facts, of an ordinary leader and of one whose every text is hostile, and its words. */
import type { PageFacts } from '../../../src/controller/page/page-facts.ts'
import { PullpassError } from '../../../src/errors/pullpass-error.ts'

const at = new Date('2026-11-24T12:00:00Z')
const after = (minutes: number) => new Date(at.getTime() + minutes * 60_000)
const minutes = (count: number) => count * 60_000

export const ordinaryFacts: PageFacts = {
  at,
  lease: 'pullpass-system/pullpass-controller',
  role: 'leader',
  problems: [],
  failures: [
    {
      fault: new PullpassError({
        code: 'EXCHANGE_REFUSED',
        hop: 'exchange',
        seen: 'https://sts.googleapis.com/v1/token responded with 403: the audience is not accepted',
        hint: 'add the audience to the provider',
      }),
      since: after(-7),
      subjects: 1,
      failures: 3,
    },
  ],
  documents: [
    {
      name: 'ClusterPullSecret/artifact-registry',
      secretName: 'regcred',
      selected: 4,
      fresh: 3,
      notFresh: ['team-d'],
      credentials: [
        {
          registry: 'google',
          hosts: ['europe-docker.pkg.dev', 'us-docker.pkg.dev'],
          obtainedAt: after(-20),
          dueAt: after(19),
          expiresAt: after(40),
          earlier: undefined,
        },
        {
          registry: 'ecr',
          hosts: ['123456789012.dkr.ecr.eu-west-1.amazonaws.com'],
          obtainedAt: undefined,
          dueAt: undefined,
          expiresAt: undefined,
          earlier: { namespaces: 2, expiresAt: after(57) },
        },
      ],
      remainingMs: [minutes(39.5), minutes(39.5), minutes(5), undefined],
    },
  ],
  tenants: { desired: 0, fresh: 0, invalid: 0 },
  lastHour: Array.from({ length: 12 }, (_, part) => ({
    from: after(5 * (part - 11)),
    counts: part === 7 ? { exchange: 2, write: 4, failure: 1 } : { exchange: 0, write: 0, failure: 0 },
  })),
  queue: { depth: 2, oldestMs: 1_400 },
}

const hostile = `"><script>alert('1')</script>&amp;\`=\u202e\n</style>${'long'.repeat(2_000)}`

/** A million texts: made only for the test that renders them. */
export const hostileFacts = (): PageFacts => ({
  ...ordinaryFacts,
  lease: hostile,
  problems: Array.from({ length: 1_000 }, () => hostile),
  failures: Array.from({ length: 1_000 }, () => ({
    fault: new PullpassError({ code: 'KUBERNETES_REFUSED', hop: 'kubernetes', seen: hostile, hint: hostile }),
    since: at,
    subjects: 3,
    failures: 3,
  })),
  documents: Array.from({ length: 1_000 }, () => ({
    name: hostile,
    secretName: hostile,
    selected: 1,
    fresh: 0,
    notFresh: Array.from({ length: 1_000 }, () => hostile),
    credentials: [
      {
        registry: hostile,
        hosts: Array.from({ length: 36 }, () => hostile),
        obtainedAt: at,
        dueAt: at,
        expiresAt: after(1),
        earlier: undefined,
      },
    ],
    remainingMs: [undefined],
  })),
})

/** The texts of a page, without markup. */
export const wordsOf = (page: string): string =>
  page
    .replace(/<style>.*<\/style>/s, '')
    .replaceAll(/<[^>]*>/g, ' ')
    .replaceAll(/\s+/g, ' ')
    .replaceAll(' .', '.')
