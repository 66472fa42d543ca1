/**
 * The vendors' parts of the sandbox, by identifier. A sandbox starts the initial one, whose store publishes the issuer metadata of
 * the cluster; a test starts others with `sandbox.start(sandboxVendors.IDENTIFIER)`.
 */
import type { AlibabaSandbox } from './alibaba/vendor.ts'
import type { AwsSandbox } from './aws/vendor.ts'
import type { AzureSandbox } from './azure/vendor.ts'
import type { ChainguardSandbox } from './chainguard/vendor.ts'
import type { CloudsmithSandbox } from './cloudsmith/vendor.ts'
import type { GcpSandbox } from './gcp/vendor.ts'
import type { FederatedSandbox } from './issuer/federated-service.ts'
import type { JfrogSandbox } from './jfrog/vendor.ts'
import type { OidcSandbox } from './oidc/vendor.ts'
import type { QuaySandbox } from './quay/vendor.ts'
import type { TencentSandbox } from './tencent/vendor.ts'
import type { TokenSandbox } from './token/vendor.ts'
import type { LoadSandboxVendor, SandboxVendor } from './vendor.ts'
import type { YandexSandbox } from './yandex/vendor.ts'

type CloudOf<Load> = Load extends LoadSandboxVendor<infer Cloud> ? Cloud : never

export const sandboxVendors = {
  gcp: async (): Promise<SandboxVendor<GcpSandbox>> => (await import('./gcp/vendor.ts')).gcp,
  aws: async (): Promise<SandboxVendor<AwsSandbox>> => (await import('./aws/vendor.ts')).aws,
  azure: async (): Promise<SandboxVendor<AzureSandbox>> => (await import('./azure/vendor.ts')).azure,
  oidc: async (): Promise<SandboxVendor<OidcSandbox>> => (await import('./oidc/vendor.ts')).oidc,
  quay: async (): Promise<SandboxVendor<QuaySandbox>> => (await import('./quay/vendor.ts')).quay,
  jfrog: async (): Promise<SandboxVendor<JfrogSandbox>> => (await import('./jfrog/vendor.ts')).jfrog,
  cloudsmith: async (): Promise<SandboxVendor<CloudsmithSandbox>> =>
    (await import('./cloudsmith/vendor.ts')).cloudsmith,
  chainguard: async (): Promise<SandboxVendor<ChainguardSandbox>> =>
    (await import('./chainguard/vendor.ts')).chainguard,
  yandex: async (): Promise<SandboxVendor<YandexSandbox>> => (await import('./yandex/vendor.ts')).yandex,
  alibaba: async (): Promise<SandboxVendor<AlibabaSandbox>> => (await import('./alibaba/vendor.ts')).alibaba,
  tencent: async (): Promise<SandboxVendor<TencentSandbox>> => (await import('./tencent/vendor.ts')).tencent,
  token: async (): Promise<SandboxVendor<TokenSandbox>> => (await import('./token/vendor.ts')).token,
  http: async (): Promise<SandboxVendor<FederatedSandbox>> => (await import('./http/vendor.ts')).http,
}

export const initialVendor = 'gcp'

export type InitialCloud = CloudOf<(typeof sandboxVendors)[typeof initialVendor]>
