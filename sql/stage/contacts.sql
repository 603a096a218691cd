-- stage_contacts: one row per contact row read. A contact without account is an unmatched lead; one of an account that is
-- out of scope is so too.
-- In: source_contacts, accounts (canonical; empty when not given), later_accounts, $has_accounts, $as_of.
SELECT
    instant_end(c.recorded_at) AS recorded_at, c.contact_id, c.account_id, instant_end(c.created_at) AS created_at, c.source_row,
    coalesce(instant_end(c.recorded_at) <= $as_of AND instant_end(c.created_at) <= $as_of, true)
        AND (a.account_id IS NOT NULL OR l.account_id IS NULL) AS in_scope,
    CASE
        WHEN c.contact_id IS NULL THEN 'missing_key'
        WHEN c.created_at IS NOT NULL AND instant_end(c.created_at) IS NULL THEN 'bad_timestamp'
        WHEN c.recorded_at IS NOT NULL AND instant_end(c.recorded_at) IS NULL THEN 'bad_timestamp'
        WHEN $has_accounts AND c.account_id IS NOT NULL AND a.account_id IS NULL AND l.account_id IS NULL THEN 'orphan_account'
    END AS reason
FROM source_contacts c
LEFT JOIN accounts a ON c.account_id = a.account_id
LEFT JOIN later_accounts l ON c.account_id = l.account_id
