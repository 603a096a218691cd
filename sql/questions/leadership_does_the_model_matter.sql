-- Question: does the answer change if we ask differently: what does each channel earn under the models, and is it worth funding?
-- Asked by: leadership, before moving budget.
-- Marts: model_comparison, dim_model, reconciliation.
-- The latest quarter by close date; decision is fund, cut or depends, and empty without spend.
SELECT
    c.channel,
    max(c.spend) AS spend,
    min(c.amount) AS least_revenue,
    sum(CASE WHEN m.is_default THEN c.amount ELSE 0 END) AS default_revenue,
    max(c.amount) AS most_revenue,
    max(c.decision) AS decision
FROM model_comparison c
JOIN dim_model m ON m.model = c.model
WHERE c.level = 'channel' AND c.basis = 'close_date'
    AND c.fiscal_quarter = (SELECT max(fiscal_quarter) FROM reconciliation)
GROUP BY c.channel
ORDER BY default_revenue DESC, c.channel
