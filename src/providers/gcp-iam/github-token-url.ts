/**
 * The address at which GitHub gives a job its token: its own environment names it, and a credential file adds the audience alone.
 * https://docs.github.com/actions/reference/security/oidc#methods-for-requesting-the-oidc-token
 */
import type { Environment } from '../../outside/outside.ts'

/** `url` where it is that address; undefined where it is anything else. */
export function githubTokenUrl(url: unknown, environment: Environment): string | undefined {
  const own = environment['ACTIONS_ID_TOKEN_REQUEST_URL']
  if (!own?.startsWith('https://') || typeof url !== 'string' || !url.startsWith(own)) return undefined
  return /^&audience=[A-Za-z0-9%._~:/-]{1,1024}$/.test(url.slice(own.length)) ? url : undefined
}
