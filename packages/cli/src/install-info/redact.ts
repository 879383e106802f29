/** What in a text may be a secret: a user in a URL, a value behind a telling name, a bearer token, a private key. */
const SECRETS: [RegExp, string][] = [
  [/:\/\/[^/@\s]+@/g, '://…@'],
  [/\b((?:access[-_]?|api[-_]?|client[-_]?)?(?:token|key|secret|password|passwd|signature|sig))=[^&\s"']+/gi, '$1=…'],
  [/\bBearer\s+[\w.~+/-]+=*/gi, 'Bearer …'],
  [/\beyJ[\w-]{8,}\.[\w-]+\.[\w-]*/g, '…'],
  [/-----BEGIN [^-]+-----[^-]*(?:-----END [^-]+-----)?/g, '…'],
];

/** The same, with every text in it cleaned: errors of others may carry what they were called with. */
export function withoutSecrets(value: object): object {
  const text = JSON.stringify(value, (_key, one: unknown) =>
    typeof one === 'string' ? SECRETS.reduce((clean, [secret, instead]) => clean.replace(secret, instead), one) : one,
  );
  return JSON.parse(text) as object;
}
