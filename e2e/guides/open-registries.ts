/** Registries of guides by their host names: each trusts an issuer, and has the image of the sandbox. */
import type { FederatedSandbox } from '../../sandbox/issuer/federated-service.ts'
import type { Sandbox } from '../../sandbox/start-sandbox.ts'
import type { LoadSandboxVendor } from '../../sandbox/vendor.ts'
import { sandboxVendors } from '../../sandbox/vendors.ts'
import type { HttpsProxy } from './start-https-proxy.ts'

const subject = 'system:serviceaccount:pullpass-system:pullpass'

/** Called once for each registry; the variables of its operator. `issuer`: undefined if the guide configures it. @throws for a host that no guide uses */
export const openRegistries =
  (proxy: HttpsProxy, sandbox: Sandbox) =>
  async (host: string, issuer: string | undefined): Promise<Readonly<Record<string, string>>> => {
    const { images, authority } = sandbox
    switch (host) {
      case 'quay.io':
      case 'acme.jfrog.io': {
        const load: LoadSandboxVendor<FederatedSandbox> =
          host === 'quay.io' ? sandboxVendors.quay : sandboxVendors.jfrog
        const cloud = await sandbox.start(load)
        if (issuer !== undefined) {
          await cloud.trust(issuer)
          Object.assign(cloud.trusted, { subject, audience: `https://${host}` })
        }
        const handle: typeof images.handle = (request) =>
          request.path.startsWith('/v2/') ? images.handle(request) : cloud.handle(request)
        await proxy.serve({ [host]: handle }, authority)
        return cloud.environment
      }
      case 'zot.example.com': {
        const cloud = await sandbox.start(sandboxVendors.token)
        Object.assign(cloud.trusted, { subject, audience: `https://${host}` })
        await cloud.trust(issuer ?? '')
        await proxy.serve({ [host]: images.handle }, authority)
        return {}
      }
      default:
        throw new Error(`no registry at ${host}`)
    }
  }
