/** The path of an image below its host, as Artifact Registry has it. https://cloud.google.com/artifact-registry/docs/docker/names */

/** `example.com:project` is written `example.com/project` in the names of images. */
export function imageInRepository(repository: string, image: string): string {
  const [, project = '', , , , name = ''] = repository.split('/')
  return `${project.replace(':', '/')}/${name}/${image}`
}
