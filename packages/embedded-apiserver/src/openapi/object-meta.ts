const text = (description: string): object => ({ type: 'string', description });
const time = (description: string): object => ({ type: 'string', format: 'date-time', description });
const texts = (description: string): object => ({ type: 'object', additionalProperties: { type: 'string' }, description });

/** Name of the component that describes `metadata`. */
export const objectMetaName = 'io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta';

/** `metadata` for kubectl explain: the fields of ObjectMeta that this server keeps, described as Kubernetes describes them. */
export const objectMetaSchema: object = {
  type: 'object',
  description: 'ObjectMeta is metadata that all persisted resources must have, which includes all objects users must create.',
  properties: {
    annotations: texts('Annotations is an unstructured key value map stored with a resource that may be set by external tools.'),
    creationTimestamp: time('CreationTimestamp is the server time when this object was created. Populated by the system. Read-only.'),
    deletionGracePeriodSeconds: {
      type: 'integer',
      format: 'int64',
      description:
        'Number of seconds allowed for this object to gracefully terminate. Only set when deletionTimestamp is also set. Read-only.',
    },
    deletionTimestamp: time(
      'DeletionTimestamp is the time at which this resource will be deleted. Set by the server when a deletion is requested.',
    ),
    finalizers: {
      type: 'array',
      items: { type: 'string' },
      'x-kubernetes-list-type': 'set',
      description: 'Must be empty before the object is deleted from the registry.',
    },
    generateName: text('GenerateName is an optional prefix, used by the server to make a unique name only if the name is not given.'),
    generation: {
      type: 'integer',
      format: 'int64',
      description: 'A sequence number representing a specific generation of the desired state. Populated by the system. Read-only.',
    },
    labels: texts('Map of string keys and values that can be used to organize and categorize (scope and select) objects.'),
    name: text('Name must be unique within a namespace. Cannot be updated.'),
    namespace: text('Namespace defines the space within which each name must be unique. Cannot be updated.'),
    ownerReferences: {
      type: 'array',
      description: 'List of objects depended by this object.',
      items: {
        type: 'object',
        required: ['apiVersion', 'kind', 'name', 'uid'],
        properties: {
          apiVersion: text('API version of the referent.'),
          blockOwnerDeletion: {
            type: 'boolean',
            description: 'Whether the owner cannot be deleted from the key-value store until this reference is removed.',
          },
          controller: { type: 'boolean', description: 'If true, this reference points to the managing controller.' },
          kind: text('Kind of the referent.'),
          name: text('Name of the referent.'),
          uid: text('UID of the referent.'),
        },
      },
    },
    resourceVersion: text('An opaque value that represents the internal version of this object. Populated by the system. Read-only.'),
    uid: text('UID is the unique in time and space value for this object. Populated by the system. Read-only.'),
  },
};
