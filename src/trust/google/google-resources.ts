/** What is wanted of Google as resources: pool, provider, accounts, grants, each after those that must be there before. */

import { accountParts, poolOf } from '../../document/gcp-names.ts'
import type { TrustRecord } from '../trust-record.ts'
import type { Leaving, TrustResource } from '../trust-vendor.ts'
import type { GoogleConnection } from './ask-google.ts'
import { makeChange } from './change/make-change.ts'
import { openHistory } from './look/account-history.ts'
import { resourceKinds } from './look/google-finding.ts'
import { lookAtGoogle, type Wanted } from './look/look-at-google.ts'
import { judgeOwner } from './remove/judge-owner.ts'
import { lookBackAtAccount, lookBackAtPool, lookBackAtProvider } from './remove/look-back.ts'
import { lookBackAtGrant } from './remove/look-back-at-grant.ts'
import { tellFinding } from './tell-finding.ts'
import { grantEntry } from './want/grant-entry.ts'
import { grantNeeds } from './want/grant-needs.ts'
import { grantName, type WantedAtGoogle, type WantedGrant } from './want/wanted-at-google.ts'

/** Its description says who made it. */
const unrecorded = { needs: [], entry: undefined } as const

export function googleResources(all: WantedAtGoogle, record: TrustRecord, google: GoogleConnection): TrustResource[] {
  const history = openHistory(all, record, google)
  const whose = judgeOwner(all, google)
  const common = (one: Wanted) => ({
    vendor: 'gcp' as const,
    kind: resourceKinds[one.kind],
    memo: () => (one.kind === 'account' ? history.entry(one.wanted.email) : undefined),
    look: async (accepted: Parameters<TrustResource['look']>[0]) =>
      tellFinding(await lookAtGoogle(one, accepted, history, google), (change) => makeChange(google, change, history)),
  })
  return [
    ...all.pools.map((wanted) => ({
      ...common({ kind: 'pool', wanted, projects: projectsOf(all) }),
      ...unrecorded,
      name: wanted.name,
      lookBack: (leaving: Leaving) => lookBackAtPool(wanted.name, leaving, { whose, google }),
    })),
    ...all.providers.map((wanted) => ({
      ...common({ kind: 'provider', wanted }),
      ...unrecorded,
      name: wanted.name,
      needs: [poolOf(wanted.name)],
      lookBack: (leaving: Leaving) => lookBackAtProvider(wanted.name, leaving, { whose, google }),
    })),
    ...all.accounts.map((wanted) => ({
      ...common({ kind: 'account', wanted }),
      ...unrecorded,
      name: wanted.email,
      lookBack: (leaving: Leaving) =>
        lookBackAtAccount(wanted.email, leaving, { whose, google, history, grants: all.grants }),
    })),
    ...all.grants.map((wanted) => ({
      ...common({ kind: 'grant', wanted }),
      name: grantName(wanted),
      needs: needsOf(wanted),
      entry: grantEntry(wanted, all),
      lookBack: () => lookBackAtGrant(wanted, all, google),
    })),
  ]
}

/** Ids of the projects whose accounts and repositories are used: a pool is often in one of them. */
function projectsOf({ accounts, grants }: WantedAtGoogle): string[] {
  const ofAccounts = accounts.map(({ email }) => accountParts(email)?.project)
  const ofRepositories = grants.map(({ on }) => (on.kind === 'repository' ? on.name.split('/')[1] : undefined))
  return [...new Set([...ofAccounts, ...ofRepositories].filter((id) => id !== undefined))]
}

function needsOf(grant: WantedGrant): string[] {
  const { accounts, pool, providers } = grantNeeds(grant)
  return [...(pool === undefined ? [] : [pool]), ...providers, ...accounts]
}
