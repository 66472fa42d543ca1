/** Service accounts and who may make access tokens of theirs (roles/iam.workloadIdentityUser, serviceAccountTokenCreator). */

export interface ServiceAccounts {
  /** `longestLifeSeconds`: 3600, or 43200 where the organisation's policy extends it. */
  readonly put: (email: string, longestLifeSeconds?: 3600 | 43200) => void
  /** The member may impersonate the account from that time on: a new binding takes a while to be known everywhere. */
  readonly allowTokens: (email: string, member: string, effectiveAt?: Date) => void
  readonly denyTokens: (email: string, member: string) => void
  readonly mayMakeTokens: (email: string, member: string) => boolean
  readonly longestLifeSeconds: (email: string) => number
}

export function createServiceAccounts(now: () => Date): ServiceAccounts {
  const accounts = new Map<string, { longestLifeSeconds: number; members: Map<string, Date> }>()
  const account = (email: string) => {
    const found = accounts.get(email)
    if (!found) throw new Error(`no service account ${email} in the sandbox: put it there first`)
    return found
  }
  return {
    put: (email, longestLifeSeconds = 3600) => accounts.set(email, { longestLifeSeconds, members: new Map() }),
    allowTokens: (email, member, effectiveAt = now()) => account(email).members.set(member, effectiveAt),
    denyTokens: (email, member) => account(email).members.delete(member),
    mayMakeTokens(email, member) {
      const effectiveAt = accounts.get(email)?.members.get(member)
      return effectiveAt !== undefined && effectiveAt <= now()
    },
    longestLifeSeconds: (email) => account(email).longestLifeSeconds,
  }
}
