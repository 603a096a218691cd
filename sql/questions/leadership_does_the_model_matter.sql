-- Question: does the answer change if we ask differently: what does each channel earn under the models, and is it worth funding?
-- Asked by: leadership, before moving budget.
-- Marts: model_comparison, dim_model.
-- All quarters together, since what is spent in one is earned in later ones. The decision is fund where every model returns at least
-- the spend, cut where none does, and empty without spend. Models that cannot credit a channel
-- are not asked, and where none can it is empty, too.
WITH whole AS (
    SELECT c.channel, m.is_default, c.model, c.can_credit, sum(c.spend) AS spend, sum(c.amount) AS revenue
    FROM model_comparison c
    JOIN dim_model m ON m.model = c.model
    WHERE c.level = 'channel' AND c.basis = 'close_date'
    GROUP BY c.channel, m.is_default, c.model, c.can_credit
),
channels AS (
    SELECT
        channel,
        max(spend) AS spend,
        min(CASE WHEN can_credit THEN revenue END) AS least_revenue,
        sum(CASE WHEN is_default THEN revenue ELSE 0 END) AS default_revenue,
        max(CASE WHEN can_credit THEN revenue END) AS most_revenue
    FROM whole
    GROUP BY channel
)
SELECT
    channel, spend, least_revenue, default_revenue, most_revenue,
    CASE
        WHEN spend > 0 AND least_revenue >= spend THEN 'fund'
        WHEN spend > 0 AND most_revenue < spend THEN 'cut'
        WHEN spend > 0 AND least_revenue IS NOT NULL THEN 'depends'
    END AS decision
FROM channels
ORDER BY default_revenue DESC, channel
