-- stage_opportunities where accounts are given: an opportunity needs one of them, and is out of scope with it.
-- In: stage_opportunities, accounts (canonical), later_accounts.
SELECT
    o.* EXCLUDE (in_scope, reason),
    o.in_scope AND (a.account_id IS NOT NULL OR l.account_id IS NULL) AS in_scope,
    CASE WHEN o.reason IS NULL AND a.account_id IS NULL AND l.account_id IS NULL THEN 'orphan_account' ELSE o.reason END AS reason
FROM stage_opportunities o
LEFT JOIN accounts a ON o.account_id = a.account_id
LEFT JOIN later_accounts l ON o.account_id = l.account_id
