/** What an operator may set about admission. */
export interface AdmissionSettings {
  /** Users who are not asked whether they may touch a target: KDR's own sources, confined by their roles and by policies. */
  trustedUsers: readonly string[];
  /** Directories in which a plugin's socket may lie. */
  socketDirectories: readonly string[];
}
