/**
 * The operator's token at Chainguard. `chainctl` and the Terraform provider read a file of their own and no variable, so the name is
 * pullpass's own: `CHAINGUARD_TOKEN` is what `chainctl auth pull-token create -o env` calls a token that pulls images. It is valid for up
 * to an hour, and is not renewed. https://edu.chainguard.dev/platform/chainctl/chainctl-docs/chainctl_auth_token/
 */
import type { ServerToken } from '../../trust/token-api.ts'
import { endpointVariable } from '../endpoints.ts'

/** For a shell: the token of the account that is signed in with `chainctl auth login`. */
export const signInCommand = 'export PULLPASS_CHAINGUARD_TOKEN="$(chainctl auth token)"'

export const operatorToken: ServerToken = {
  name: 'PULLPASS_CHAINGUARD_TOKEN',
  service: 'Chainguard',
  domain: 'enforce.dev',
  server: endpointVariable,
  form: /^[A-Za-z0-9_-]{10,4000}\.[A-Za-z0-9_-]{10,16000}\.[A-Za-z0-9_-]{10,4000}$/,
  what: 'a token of chainctl',
  expected: 'a token for the API of Chainguard: a JWT, as chainctl auth token prints it',
  fix: { hint: 'sign in with chainctl auth login, and set it', command: signInCommand },
}
