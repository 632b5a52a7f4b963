-- outside a transaction
CREATE UNIQUE INDEX CONCURRENTLY "credential_external_id_key" ON "credential"("external_id");
