/**
 * The credential that a kubeconfig's user gets from a program (exec) or an auth provider.
 * https://kubernetes.io/docs/reference/access-authn-authz/authentication/#client-go-credential-plugins
 */
import { showValue } from '../../document/show-value.ts'
import { asObject, type JsonObject } from '../../text/json-fields.ts'
import { type ChosenContext, kubeconfigInvalid, textField } from './load.ts'
import type { CredentialPlugin, PluginContext } from './plugin-credential.ts'

/**
 * Undefined if the user has no plugin. A plugin returns a credential or throws KUBERNETES_UNAUTHENTICATED, or
 * KUBECONFIG_INVALID if its program does not exist.
 * @throws KUBECONFIG_INVALID if the plugin is ambiguous or not supported
 */
export async function findPlugin(chosen: ChosenContext, context: PluginContext): Promise<CredentialPlugin | undefined> {
  const { file } = chosen.user
  const exec = objectField(chosen, 'exec')
  const provider = objectField(chosen, 'auth-provider')
  if (exec && provider) throw kubeconfigInvalid({ seen: `a user in ${file} has both exec and auth-provider` })
  if (exec) {
    const { execPlugin } = await import('./exec-plugin.ts')
    return execPlugin(chosen, exec, context)
  }
  if (!provider) return undefined
  const name = textField({ fields: provider, file }, 'name')
  if (name === 'oidc') {
    const { oidcProvider } = await import('./oidc-provider.ts')
    return oidcProvider(chosen, asObject(provider['config']) ?? {}, context)
  }
  throw kubeconfigInvalid({
    seen: `the auth-provider of a user in ${file} is ${showValue(name)}`,
    expected: 'exec, or the auth-provider oidc: Kubernetes 1.26 removed the others',
  })
}

function objectField({ user }: ChosenContext, name: string): JsonObject | undefined {
  const value = user.fields[name] ?? undefined
  const object = asObject(value)
  if (value !== undefined && !object) throw kubeconfigInvalid({ seen: `${name} in ${user.file} has no fields` })
  return object
}
