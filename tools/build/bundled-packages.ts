/** Third-party packages in a bundle: their licence texts, and a bill of materials for scanners. */
import { execFile } from 'node:child_process'
import { readdir, readFile } from 'node:fs/promises'
import { promisify } from 'node:util'

interface Package {
  readonly name: string
  readonly version: string
  readonly license: string
  readonly folder: string
}

/** The packages of these modules, by name; own modules are ignored. */
export async function packagesOf(modulePaths: readonly string[]): Promise<readonly Package[]> {
  const found = modulePaths.map((path) => /^.*[\\/]node_modules[\\/](?:@[^\\/]+[\\/])?[^\\/]+/.exec(path)?.[0])
  const folders = [...new Set(found)].filter((folder) => folder !== undefined).toSorted()
  return await Promise.all(
    folders.map(async (folder) => {
      const { name, version, license } = JSON.parse(await readFile(`${folder}/package.json`, 'utf8'))
      return { name, version, license, folder }
    }),
  )
}

/** The licence text of each package, as licences require. @throws Error if a package has none */
export async function renderLicenses(packages: readonly Package[]): Promise<string> {
  const sections = packages.map(async (one) => {
    const texts = await licenseTexts(one)
    if (texts.length === 0) throw new Error(`${one.name} ${one.version} (${one.license}) has no licence text`)
    return [`==> ${one.name} ${one.version}: ${one.license}`, ...texts].join('\n\n')
  })
  return (await Promise.all(sections)).join('\n')
}

/** The licence files of the package; otherwise the section of its README; otherwise the standard text of each licence. */
async function licenseTexts({ folder, license }: Package): Promise<readonly string[]> {
  const files = (await readdir(folder)).filter((file) => /^(?:un)?licen[cs]e|^notice/i.test(file))
  if (files.length > 0) return await Promise.all(files.toSorted().map((file) => readFile(`${folder}/${file}`, 'utf8')))
  const readme = await readFile(`${folder}/README.md`, 'utf8')
  const section = /^(?:#+ *licen[cs]e|licen[cs]e\n-+)\n+(?<text>[\s\S]*?permission[\s\S]*?)(?=^#|$(?![\s\S]))/im.exec(
    readme,
  )
  if (section?.groups?.['text'] !== undefined) return [section.groups['text']]
  const texts = license
    .replaceAll(/[()]/g, '')
    .split(' AND ')
    .map((id) => standardText(id, folder))
  return (await Promise.all(texts)).filter((text) => text !== undefined)
}

async function standardText(license: string, folder: string): Promise<string | undefined> {
  if (license === 'Apache-2.0') return await readFile('LICENSE', 'utf8')
  if (license === 'MIT') return await mitText(JSON.parse(await readFile(`${folder}/package.json`, 'utf8')).author)
  // @bufbuild/protobuf has it in the first comment of code from another project.
  if (license !== 'BSD-3-Clause') return undefined
  const source = await readFile(`${folder}/dist/esm/wire/varint.js`, 'utf8')
  const lines = /^(?:\/\/.*\n)+/.exec(source.replace(/^(?:\/\/.*\n)+\n/, ''))?.[0] ?? source
  return /Redistributions of source code/.test(lines) ? lines.replaceAll(/^\/\/ ?/gm, '') : undefined
}

/** https://opensource.org/license/mit */
async function mitText(author: string | { readonly name: string }): Promise<string> {
  const text = await readFile(new URL('./mit-license.txt', import.meta.url), 'utf8')
  return text.replace('<copyright holder>', typeof author === 'string' ? author : author.name)
}

interface BillOfMaterials {
  serialNumber?: string
  readonly metadata: {
    timestamp?: string
    lifecycles?: unknown
    component: { name: string; properties: { readonly name: string }[] }
  }
  components: { readonly 'bom-ref': string; readonly name: string; readonly version: string }[]
  dependencies: { readonly ref: string; dependsOn?: string[] }[]
}

/**
 * A CycloneDX document of the packages in the bundle and of optional dependencies, with hashes and licences by
 * the lockfile. Reproducible: it has no serial number and no timestamp.
 * https://cyclonedx.org/specification/overview, https://docs.npmjs.com/cli/commands/npm-sbom
 */
export async function renderBillOfMaterials(
  packages: readonly Package[],
  optional: readonly string[],
): Promise<string> {
  const npm = process.env['npm_execpath']
  const [command, ...first] = npm === undefined ? ['npm'] : [process.execPath, npm]
  const words = ['sbom', '--sbom-format=cyclonedx', '--sbom-type=application', '--package-lock-only']
  const { stdout } = await promisify(execFile)(command, [...first, ...words], { maxBuffer: 64 * 1024 * 1024 })
  const bill: BillOfMaterials = JSON.parse(stdout)
  await checkDeclared(packages)
  const included = new Set(packages.map(({ name, version }) => `${name}@${version}`))
  bill.components = bill.components.filter(
    (one) => included.has(`${one.name}@${one.version}`) || optional.includes(one.name),
  )
  const references = new Set(bill.components.map((one) => one['bom-ref']))
  bill.dependencies = bill.dependencies
    .filter(({ ref }) => references.has(ref) || ref.startsWith('pullpass@'))
    .map((one) => ({ ...one, dependsOn: (one.dependsOn ?? []).filter((ref) => references.has(ref)) }))
  const { metadata } = bill
  metadata.component.name = 'pullpass' // npm uses the name of the folder
  // npm describes the repository before a build: the published package is not private, and it is built.
  metadata.component.properties = metadata.component.properties.filter(({ name }) => name !== 'cdx:npm:package:private')
  delete metadata.lifecycles
  delete bill.serialNumber
  delete metadata.timestamp
  return `${JSON.stringify(bill, undefined, 2)}\n`
}

/** @throws Error if a package is only a development dependency: audits may exclude those */
async function checkDeclared(packages: readonly Package[]): Promise<void> {
  const lock: { readonly packages: Readonly<Record<string, { readonly dev?: boolean }>> } = JSON.parse(
    await readFile('package-lock.json', 'utf8'),
  )
  const undeclared = packages.filter(({ folder }) => {
    const path = folder.replaceAll('\\', '/')
    return lock.packages[path.slice(path.indexOf('node_modules/'))]?.dev !== undefined
  })
  if (undeclared.length === 0) return
  throw new Error(`not declared in "dependencies" of package.json: ${undeclared.map(({ name }) => name).join(', ')}`)
}
