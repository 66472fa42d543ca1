/** The fields of `static` in a document: where the credential is, never the credential. */
import * as z from 'zod/mini'
import type { NamespacedName } from '../../document/document.ts'
import type { FieldPath, FieldProblem } from '../../document/document-errors.ts'
import type { ReadSettings, SharedFields, VendorSettings } from '../../document/document-vendor.ts'
import { filePath, pathFrom } from '../../document/field-rules.ts'
import { labelName, objectName } from '../../document/kubernetes-names.ts'
import { fields, text } from '../../document/schema-parts.ts'
import { secretKey, userName } from '../registry-fields.ts'

export interface StaticSettings {
  readonly secret?: NamespacedName & { readonly usernameKey: string; readonly passwordKey: string }
  readonly passwordFile?: string
  readonly dockerConfigFile?: string
  readonly username?: string
  /** The key of the entry, in a Docker configuration. */
  readonly host: string
}

interface StaticForm {
  readonly secretRef?: NamespacedName & { readonly usernameKey?: string; readonly passwordKey?: string }
  readonly username?: string
  readonly passwordFile?: string
  readonly dockerConfigFile?: string
}

const form: z.ZodMiniType<StaticForm> = fields(
  {
    secretRef: z.exactOptional(
      fields(
        {
          namespace: text(labelName, 'Its namespace'),
          name: text(objectName, 'Its name'),
          usernameKey: z.exactOptional(text(secretKey, 'Key of the user name; default: username')),
          passwordKey: z.exactOptional(text(secretKey, 'Key of the password; default: password')),
        },
        'Secret with the user name and password, or, of type kubernetes.io/dockerconfigjson or kubernetes.io/dockercfg, with an entry for the first host',
      ),
    ),
    username: z.exactOptional(
      text(userName, 'User name, with passwordFile, or with a Secret that has only the password'),
    ),
    passwordFile: z.exactOptional(text(filePath, 'File that contains only the password')),
    dockerConfigFile: z.exactOptional(
      text(filePath, 'Docker configuration with an entry for the first host, such as config.json of docker login'),
    ),
  },
  'An existing user name and password from a Secret or a file, read at each refresh. No subject token is used',
)

const sources = ['secretRef', 'passwordFile', 'dockerConfigFile'] as const

function problems(written: StaticForm, path: FieldPath, registry: SharedFields): FieldProblem[] {
  const given = sources.filter((source) => written[source] !== undefined)
  const unused = (['audience', 'tokenFile'] as const).filter((field) => registry[field] !== undefined)
  return [
    ...(given.length === 1
      ? []
      : [
          {
            path,
            predicate: given.length === 0 ? 'names no source' : `names ${given.length} sources: ${given.join(', ')}`,
            expected: `exactly one of: ${sources.join(', ')}`,
          },
        ]),
    ...(written.passwordFile !== undefined && written.username === undefined
      ? [{ path: [...path, 'username'], predicate: 'is missing', expected: 'the user name of the password' }]
      : []),
    ...(written.dockerConfigFile !== undefined && written.username !== undefined
      ? [
          {
            path: [...path, 'username'],
            predicate: 'has no effect with dockerConfigFile',
            expected: 'no such field',
            at: 'key' as const,
          },
        ]
      : []),
    ...unused.map((field) => ({
      path: [...path.slice(0, -1), field],
      predicate: 'has no effect: no subject token is used',
      expected: 'no such field',
      at: 'key' as const,
    })),
  ]
}

async function read(
  written: StaticForm,
  folder: string,
  [host = '']: readonly string[],
): Promise<ReadSettings<StaticSettings>> {
  const { secretRef, username, passwordFile, dockerConfigFile } = written
  const file = passwordFile ?? dockerConfigFile
  const path = file === undefined ? undefined : pathFrom(folder, file)
  return {
    subjectToken: 'unused',
    sources: {
      ...(secretRef && { secrets: [{ namespace: secretRef.namespace, name: secretRef.name }] }),
      ...(path !== undefined && { files: [path] }),
    },
    settings: {
      host,
      ...(username !== undefined && { username }),
      ...(secretRef && { secret: { usernameKey: 'username', passwordKey: 'password', ...secretRef } }),
      ...(path !== undefined && { [passwordFile === undefined ? 'dockerConfigFile' : 'passwordFile']: path }),
    },
  }
}

export const settings: VendorSettings<StaticForm, StaticSettings> = {
  form,
  tenantForm: undefined,
  problems,
  hosts: () => 'any', // registries of any vendor
  read,
}
