-- AlterTable
ALTER TABLE "account" ADD COLUMN     "closing_at" TIMESTAMPTZ(3);

-- AlterTable
ALTER TABLE "address" ADD COLUMN     "leaves_at" TIMESTAMPTZ(3),
ADD COLUMN     "primary_from" TIMESTAMPTZ(3) DEFAULT 'epoch'::timestamptz,
ADD COLUMN     "usable_from" TIMESTAMPTZ(3) NOT NULL DEFAULT 'epoch'::timestamptz;

-- AlterTable
ALTER TABLE "credential" ADD COLUMN     "removed_at" TIMESTAMPTZ(3);

-- AlterTable
ALTER TABLE "delivery" ADD COLUMN     "notice_id" TEXT;

-- CreateTable
CREATE TABLE "notice" (
    "id" TEXT NOT NULL,
    "account_id" TEXT NOT NULL,
    "kind" TEXT NOT NULL,
    "detail" JSONB NOT NULL DEFAULT '{}',
    "device" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "object_until" TIMESTAMPTZ(3),
    "objected_at" TIMESTAMPTZ(3),

    CONSTRAINT "notice_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "account_session" (
    "id" TEXT NOT NULL,
    "account_id" TEXT NOT NULL,
    "sid" TEXT NOT NULL,
    "level" INTEGER NOT NULL,
    "auth_time" TIMESTAMPTZ(3) NOT NULL,
    "id_token" TEXT NOT NULL,
    "sealed" TEXT,
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "last_seen_at" TIMESTAMPTZ(3) NOT NULL,
    "expires_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "account_session_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE INDEX "notice_account_id_created_at_idx" ON "notice"("account_id", "created_at");

-- CreateIndex
CREATE INDEX "notice_created_at_idx" ON "notice"("created_at");

-- CreateIndex
CREATE INDEX "account_session_account_id_idx" ON "account_session"("account_id");

-- CreateIndex
CREATE INDEX "account_session_expires_at_idx" ON "account_session"("expires_at");

-- CreateIndex
CREATE INDEX "attempt_account_id_idx" ON "attempt"("account_id");

-- CreateIndex
CREATE INDEX "account_closing_at_idx" ON "account"("closing_at");

-- CreateIndex
CREATE INDEX "address_leaves_at_idx" ON "address"("leaves_at");

-- CreateIndex
CREATE INDEX "credential_removed_at_idx" ON "credential"("removed_at");

-- CreateIndex
CREATE INDEX "delivery_notice_id_idx" ON "delivery"("notice_id");

-- AddForeignKey
ALTER TABLE "delivery" ADD CONSTRAINT "delivery_notice_id_fkey" FOREIGN KEY ("notice_id") REFERENCES "notice"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "notice" ADD CONSTRAINT "notice_account_id_fkey" FOREIGN KEY ("account_id") REFERENCES "account"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "account_session" ADD CONSTRAINT "account_session_account_id_fkey" FOREIGN KEY ("account_id") REFERENCES "account"("id") ON DELETE CASCADE ON UPDATE CASCADE;
