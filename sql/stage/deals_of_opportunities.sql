-- deals where none are given: every won opportunity is one. A kind that its type does not say, and that of negative money, is
-- left to the index.
-- In: opportunities (canonical).
SELECT
    opportunity_id AS deal_id, opportunity_id, account_id, created_at AS opportunity_created_at, closed_at,
    amount, CASE WHEN amount >= 0 THEN kind END AS kind, nullif(opportunity_id, opportunity_id) AS reverses_deal_id,
    CAST(NULL AS DATE) AS starts_on, CAST(NULL AS DATE) AS ends_on, false AS has_unreadable_term
FROM opportunities
WHERE is_won
