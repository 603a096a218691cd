-- spent: line × quarter × what was spent in either run.
-- In: before.campaign_spend, after.campaign_spend (marts).
SELECT fiscal_quarter, campaign_id, channel, spend AS spend_before, 0 AS spend_after
FROM before.campaign_spend
UNION ALL
SELECT fiscal_quarter, campaign_id, channel, 0, spend
FROM after.campaign_spend
