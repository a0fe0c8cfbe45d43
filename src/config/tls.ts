/** The server's certificate is verified against the authority that was configured, or else those that Node.js knows. */
interface TlsSettings {
  readonly isEncrypted: boolean;
  readonly tlsCa: string;
}

/** The options of Redis's client, or none for a connection in the clear. */
export function redisTls({ isEncrypted, tlsCa }: TlsSettings): { tls?: { ca?: string } } {
  return isEncrypted ? { tls: certificateAuthority(tlsCa) } : {};
}

/** The options of the database's driver, or none for a connection in the clear. */
export function databaseTls({ isEncrypted, tlsCa }: TlsSettings) {
  // Without `verifyIdentity` the driver takes any name that the authority has signed.
  return isEncrypted ? { ssl: { ...certificateAuthority(tlsCa), rejectUnauthorized: true, verifyIdentity: true } } : {};
}

function certificateAuthority(pem: string): { ca?: string } {
  return pem === '' ? {} : { ca: pem };
}
