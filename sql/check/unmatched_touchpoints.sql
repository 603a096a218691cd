-- unmatched_touchpoints: touches of people who belong to no account, and of accounts that the accounts table does not have, among all
-- that can be read.
-- In: touchpoints (stage view), contacts, accounts (canonical; empty when not given).
SELECT
    count(*) AS touches,
    count(*) FILTER (WHERE t.account_id IS NULL AND c.contact_id IS NULL) AS of_nobody,
    count(*) FILTER (WHERE t.account_id IS NOT NULL AND a.account_id IS NULL) AS of_strangers
FROM touchpoints t
LEFT JOIN (SELECT contact_id FROM contacts WHERE account_id IS NOT NULL) c ON t.contact_id = c.contact_id
LEFT JOIN accounts a ON t.account_id = a.account_id
WHERE t.reason IS NULL AND t.in_scope
