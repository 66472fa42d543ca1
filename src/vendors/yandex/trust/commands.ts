/** Changes at Yandex Cloud as commands of yc. https://yandex.cloud/docs/cli/cli-ref */
import { shellQuote } from '../../../text/shell.ts'
import type { Change } from '../../trust/contract.ts'

interface DescribedChange extends Pick<Change, 'action' | 'description'> {
  /** Of an update: the names of the fields that change. */
  readonly fields?: readonly string[]
  /** After `yc`. */
  readonly words: readonly string[]
  /** As it is, after the words. */
  readonly lastFlag?: string
  readonly byTerraform?: Change['byTerraform']
}

export function changeOf(
  { words, lastFlag, fields = [], byTerraform = 'applied', ...rest }: DescribedChange,
  apply: Change['apply'],
): Change {
  const command = [['yc', ...words].map(shellQuote).join(' '), lastFlag ?? []].flat().join(' ')
  return {
    ...rest,
    fields,
    command,
    script: { functions: [], line: command },
    byTerraform: rest.action === 'delete' ? 'not applied' : byTerraform,
    apply,
  }
}

/** The id of one that does not exist yet is read when the command is run. `--jq` of yc may quote it. */
export function federationId(id: string | undefined, { name, folderId }: { name: string; folderId: string }): string {
  if (id !== undefined) return id
  const get = ['yc', ...'iam workload-identity oidc federation get --name'.split(' '), name, '--folder-id', folderId]
  return `"$(${get.map(shellQuote).join(' ')} --format json | jq -r .id)"`
}
