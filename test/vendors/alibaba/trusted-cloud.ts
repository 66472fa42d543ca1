/** The sandbox's Alibaba Cloud with what it accepts as one identity, as the other vendors whose exchange is tested alike. */
import type { AlibabaSandbox } from '../../../sandbox/alibaba/vendor.ts'
import type { FederatedSandbox } from '../../../sandbox/issuer/federated-service.ts'
import type { SandboxVendor } from '../../../sandbox/vendor.ts'
import { sandboxVendors } from '../../../sandbox/vendors.ts'

export const loadAlibaba = async (): Promise<SandboxVendor<FederatedSandbox>> => {
  const vendor = await sandboxVendors.alibaba()
  return { open: async (context) => asFederated(await vendor.open(context)) }
}

const subjectIn = /"oidc:sub":"([^"]*)"/

function asFederated(cloud: AlibabaSandbox): FederatedSandbox {
  const { account, parts } = cloud
  const provider = () => [...account.providers.values()].find(({ name }) => name === 'cluster')
  const role = () => account.roles.get('puller')
  const changeProvider = (changes: { issuer?: string; clientIds?: string[] }) => {
    const found = provider()
    if (found !== undefined) account.providers.set(found.name, { ...found, ...changes })
  }
  return {
    ...cloud,
    parts: { ...parts, tokens: parts.sts },
    url: parts.sts.url,
    trusted: {
      get issuer() {
        return provider()?.issuer ?? ''
      },
      set issuer(issuer) {
        changeProvider({ issuer })
      },
      get audience() {
        return provider()?.clientIds[0]
      },
      set audience(audience) {
        changeProvider({ clientIds: audience === undefined ? [] : [audience] })
      },
      get subject() {
        return subjectIn.exec(role()?.trust ?? '')?.[1] ?? ''
      },
      set subject(subject) {
        const found = role()
        if (found === undefined) return
        const trust = found.trust.replace(subjectIn, `"oidc:sub":"${subject}"`)
        account.roles.set(found.name, { ...found, trust })
      },
    },
    settings: {
      get name() {
        return cloud.roleArn
      },
      set name(_) {
        account.roles.delete('puller')
      },
      get pulls() {
        return account.policies.has('pull')
      },
      set pulls(_) {
        const found = account.policies.get('pull')
        const versions = (found?.versions ?? []).map(({ id, text }) => ({
          id,
          text: text.replace('cr:PullRepository', 'cr:GetRepository'),
        }))
        if (found !== undefined) account.policies.set('pull', { ...found, versions })
      },
      lifeSeconds: 3600,
    },
  }
}
