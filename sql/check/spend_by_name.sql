-- spend_by_name: campaign, or where none is named channel, and what was spent on it.
-- In: spend (canonical).
SELECT campaign_id, CASE WHEN campaign_id IS NULL THEN channel END AS channel, CAST(sum(amount) AS BIGINT) AS amount
FROM spend
GROUP BY 1, 2
