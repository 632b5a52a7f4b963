-- Whose grants a client has, and its own tokens, without a look at everybody's records: for when it is switched off or
-- deleted. Few records are of these models, so that requests for tokens pay nothing. Indexes of expressions are not in
-- schema.prisma.
CREATE INDEX "oidc_record_client_idx" ON "oidc_record" (("payload" ->> 'clientId')) WHERE "model" IN ('Grant', 'ClientCredentials');
