/** What log lines say of an operationID, which a client may make as long as a frame. */
export function loggable(operationID: string): string {
  return operationID.length > 128 ? `${operationID.slice(0, 125)}...` : operationID;
}
