-- unmatched_touchpoints: touches of people whom no contact ties to an account, and of accounts that the accounts table does not have,
-- among all in scope that can be read. What is later than the as-of date is known all the same.
-- In: touchpoints (stage view), contacts, accounts (canonical; empty when not given), later_contacts, later_accounts.
SELECT
    count(*) AS touches,
    count(*) FILTER (WHERE t.account_id IS NULL AND c.contact_id IS NULL) AS of_nobody,
    count(*) FILTER (WHERE t.account_id IS NOT NULL AND a.account_id IS NULL) AS of_strangers
FROM touchpoints t
LEFT JOIN (
    SELECT contact_id FROM contacts WHERE account_id IS NOT NULL UNION SELECT contact_id FROM later_contacts
) c ON t.contact_id = c.contact_id
LEFT JOIN (SELECT account_id FROM accounts UNION SELECT account_id FROM later_accounts) a ON t.account_id = a.account_id
WHERE t.reason IS NULL AND t.in_scope
