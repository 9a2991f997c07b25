#include "base/familiar.h"

#include <algorithm>
#include <vector>

#include "base/text.h"

namespace lehr {

namespace {
struct Familiar {
  Named as;
  const char* ours;
  std::vector<std::string> theirs;
};

// Signs between words and capitals do not count: "Cross-Entropy" is cross_entropy.
const std::vector<Familiar>& table() {
  using enum Named;
  static const std::vector<Familiar> rows{
      {key, "lr",
       {"learning_rate", "learning_rate_init", "initial_lr", "base_lr", "lr_scheduler", "lr_schedule", "learning_rate_schedule", "scheduler", "schedule",
        "eta"}},
      {key, "batch", {"batch_size", "minibatch", "minibatch_size", "per_device_train_batch_size"}},
      {key, "epochs", {"num_epochs", "max_epochs", "n_epochs", "num_train_epochs", "nb_epoch", "steps", "max_iter", "iterations", "max_steps"}},
      {key, "loss", {"criterion", "objective", "loss_function", "loss_fn", "cost"}},
      {key, "data", {"dataset", "train_data", "training_data", "table"}},
      {key, "model", {"network", "net", "module", "architecture"}},
      {key, "model.mlp.hidden", {"hidden_layer_sizes", "hidden_layers", "hidden_units", "hidden_sizes", "hidden_size", "layers"}},
      {key, "model.mlp.activation", {"activation_function", "nonlinearity"}},
      {key, "model.init", {"init_weights", "initializer", "kernel_initializer", "weight_init", "initialization"}},
      {key, "model.weights", {"pretrained", "checkpoint_path", "init_checkpoint", "state_dict"}},
      {key, "optimizer", {"optim", "solver"}},
      {key, "optimizer.weight_decay", {"l2", "l2_penalty", "alpha"}},
      {key, "optimizer.weight_decay", {"wd", "adam_weight_decay"}},
      {key, "optimizer.epsilon", {"eps", "adam_epsilon"}},
      {key, "optimizer.beta1", {"betas", "beta_1", "adam_beta1", "b1"}},
      {key, "optimizer.beta2", {"beta_2", "adam_beta2", "b2"}},
      {key, "optimizer.nesterov", {"use_nesterov"}},
      {key, "lr: {type: warmup, …}", {"warmup", "warmup_steps", "num_warmup_steps", "warmup_epochs", "warmup_ratio", "lr_warmup"}},
      {key, "params.*.freeze", {"trainable", "requires_grad", "frozen", "freeze_layers"}},
      {key, "model.mlp.dropout", {"dropout_rate", "drop_rate"}},
      {key, "clip", {"gradient_clipping", "grad_clip"}},
      {key, "clip.norm", {"clip_norm", "clipnorm", "max_grad_norm", "gradient_clip_val", "global_clipnorm"}},
      {key, "clip.value", {"clip_value", "clipvalue"}},
      {key, "data.split.validation", {"validation_split", "val_split", "validation_fraction", "validation_size", "val_size", "valid_size"}},
      {key, "data.split.test", {"test_size", "test_split", "test_fraction"}},
      {key, "data.split.take: stratified", {"stratify", "stratified"}},
      {key, "data.split.seed", {"split_seed"}},
      {key, "seed", {"random_seed", "random_state", "manual_seed", "seed_everything"}},
      {key, "accumulate", {"accumulate_grad_batches", "gradient_accumulation_steps", "gradient_accumulation", "accumulation_steps"}},
      {key, "data.scale", {"normalize", "normalise", "normalization", "standardize", "scaler", "scaling", "preprocessing"}},
      {key, "data.impute", {"imputer", "imputation", "fillna", "fill_missing"}},
      {key, "repeat", {"repeats", "n_repeats", "runs", "restarts"}},
      {key, "repeat.seeds", {"seeds", "num_seeds", "n_seeds"}},
      {key, "data.target", {"label", "labels", "y", "output_column"}},
      {key, "data.target.column", {"target_column", "label_column", "target_name"}},
      {key, "data.target.classes", {"class_names", "label_names", "num_classes"}},
      {key, "data.columns", {"features", "feature_columns", "usecols", "inputs_columns"}},
      {key, "data.categorical", {"categories", "categorical_columns", "categorical_features", "cat_features"}},
      {key, "data.drop", {"drop_columns", "ignore_columns", "exclude", "index_col", "skip_columns"}},
      {key, "data.delimiter", {"sep", "separator", "delim"}},
      {key, "data.missing", {"na_values", "missing_values", "nan_values", "null_values"}},
      {key, "data.file", {"path", "filename", "filepath", "csv"}},
      {key, "batch.last: drop", {"drop_last", "drop_remainder"}},
      {key, "batch.shuffle", {"shuffle_data", "reshuffle"}},
      {key, "loss.class_weights", {"class_weight", "pos_weight"}},
      {key, "threads", {"num_threads", "n_threads", "n_jobs", "num_workers", "workers"}},
      {key, "compare.against", {"baseline", "reference"}},
      {key, "average", {"ema", "swa", "weight_averaging", "moving_average"}},
      {key, "early_stop", {"early_stopping", "patience"}},
      {key, "evaluate_every", {"eval_every", "validate_every", "val_check_interval", "check_val_every_n_epoch", "validation_freq"}},
      {key, "metrics", {"metric", "scoring"}},
      {key, "sweep", {"param_grid", "grid", "grid_search", "search_space", "hyperparameters"}},
      {key, "extends", {"base", "include", "inherits", "defaults"}},
      {key, "folds", {"cv", "kfold", "k_fold", "cross_validation", "n_splits"}},

      {loss, "categorical_crossentropy",
       {"cross_entropy", "cross_entropy_loss", "ce", "softmax", "softmax_cross_entropy", "sparse_categorical_crossentropy", "sparse_crossentropy", "nll",
        "nll_loss", "negative_log_likelihood", "multiclass", "softmax_cross_entropy_with_integer_labels"}},
      {loss, "binary_crossentropy",
       {"bce", "bce_loss", "bce_with_logits", "bce_with_logits_loss", "binary_cross_entropy_with_logits", "log_loss", "logistic", "sigmoid_cross_entropy",
        "sigmoid_binary_cross_entropy", "binary"}},
      {loss, "mse", {"mean_squared_error", "mse_loss", "l2", "l2_loss", "squared_error", "least_squares", "squared_loss", "rmse"}},
      {loss, "mae", {"mean_absolute_error", "l1", "l1_loss", "absolute_error", "absolute_loss"}},
      {loss, "huber", {"huber_loss", "smooth_l1", "smooth_l1_loss"}},

      {metric, "accuracy",
       {"acc", "accuracy_score", "categorical_accuracy", "sparse_categorical_accuracy", "binary_accuracy", "multiclass_accuracy", "hit_rate"}},
      {metric, "auc", {"roc_auc", "roc_auc_score", "auroc", "area_under_curve"}},
      {metric, "confusion", {"confusion_matrix"}},
      {metric, "mae", {"mean_absolute_error", "l1", "neg_mean_absolute_error"}},
      {metric, "rmse", {"mse", "mean_squared_error", "root_mean_squared_error", "neg_mean_squared_error", "neg_root_mean_squared_error"}},
      {metric, "r2", {"r2_score", "r_squared", "rsquared", "coefficient_of_determination"}},
      {metric, "top_k", {"topk", "top_k_accuracy", "top_k_categorical_accuracy", "sparse_top_k_categorical_accuracy"}},
      {metric, "precision", {"precision_score", "positive_predictive_value"}},
      {metric, "recall", {"recall_score", "sensitivity", "true_positive_rate"}},
      {metric, "f1", {"f1_score", "f_score", "fscore", "f_measure"}},
      {metric, "balanced_accuracy", {"balanced_accuracy_score"}},
      {metric, "log_loss", {"cross_entropy", "nll", "logloss", "neg_log_loss", "crossentropy"}},
      {metric, "mcc", {"matthews_corrcoef", "matthews", "phi_coefficient"}},
      {metric, "average_precision", {"average_precision_score", "pr_auc", "auprc", "ap"}},
      {metric, "mape", {"mean_absolute_percentage_error"}},
      {metric, "explained_variance", {"explained_variance_score"}},
      {metric, "expected_calibration_error", {"ece", "calibration_error", "calibration"}},
      {metric, "ece", {"expected_calibration_error", "calibration_error", "calibration"}},

      {optimizer, "sgd", {"gd", "gradient_descent", "stochastic_gradient_descent", "momentum", "nesterov", "sgdm", "sgd_momentum"}},
      {optimizer, "adamw", {"adam_weight_decay", "adamw_torch", "adamw_hf"}},
      {optimizer, "schedule_free_adamw", {"schedule_free", "adamw_schedule_free"}},
      {optimizer, "schedule_free_sgd", {"sgd_schedule_free"}},
      {optimizer, "dadapt_adamw", {"dadapt_adam", "d_adaptation"}},
      {optimizer, "sign_sgd", {"signum"}},

      {initializer, "glorot_uniform", {"xavier_uniform", "xavier", "glorot", "xavier_init"}},
      {initializer, "glorot_normal", {"xavier_normal"}},
      {initializer, "he_uniform", {"kaiming_uniform", "kaiming", "he"}},
      {initializer, "he_normal", {"kaiming_normal", "msra"}},
      {initializer, "lecun_normal", {"lecun"}},
      {initializer, "normal", {"random_normal", "truncated_normal", "trunc_normal", "gaussian"}},
      {initializer, "uniform", {"random_uniform"}},
      {initializer, "zeros", {"zero"}},
      {initializer, "ones", {"one"}},

      {scaler, "standard", {"standard_scaler", "standardize", "standardise", "z_score", "normalize", "normalization", "scale", "std", "mean_std"}},
      {scaler, "minmax", {"min_max_scaler", "rescale", "rescaling", "unit_range"}},
      {scaler, "robust", {"robust_scaler", "iqr"}},
      {scaler, "quantile", {"quantile_transformer", "quantile_transform"}},
      {scaler, "none", {"off", "false", "no"}},

      {filler, "mean", {"average", "avg"}},
      {filler, "zero", {"0", "constant", "zeros"}},
      {filler, "error", {"none", "refuse", "raise"}},

      {split, "tail", {"last", "end", "sequential", "time"}},
      {split, "random", {"shuffle", "shuffled"}},
      {split, "stratified", {"stratify", "balanced"}},

      {activation, "sigmoid", {"logistic"}},
      {activation, "leaky_relu", {"lrelu"}},

      {average, "ema", {"exponential", "exponential_moving_average", "moving_average", "polyak"}},
      {average, "swa", {"stochastic_weight_averaging", "mean", "average"}},

      {schedule, "cosine", {"cosine_annealing", "cosine_decay", "cos", "annealing"}},
      {schedule, "restarts", {"warm_restarts", "cosine_restarts", "cosine_with_restarts", "sgdr"}},
      {schedule, "step", {"step_decay", "staircase", "drop_every"}},
      {schedule, "exponential", {"exponential_decay", "exp", "exp_decay"}},
      {schedule, "inverse_time", {"inverse_time_decay", "time_decay"}},
      {schedule, "polynomial", {"poly", "polynomial_decay"}},
      {schedule, "linear", {"linear_decay"}},
      {schedule, "one_cycle", {"1cycle", "super_convergence"}},
      {schedule, "triangular", {"cyclic", "cyclic_lr", "clr"}},
      {schedule, "warmup", {"linear_warmup", "constant_with_warmup"}},
      {schedule, "noam", {"transformer", "attention"}},
      {schedule, "warmup_stable_decay", {"wsd"}},
      {schedule, "table", {"piecewise_constant", "piecewise"}},
      {schedule, "plateau", {"reduce_on_plateau", "reduce_lr_on_plateau"}},
  };
  return rows;
}

// Keys of other programs that nothing here stands for.
struct Foreign {
  const char* why;
  std::vector<std::string> keys;
};
const std::vector<Foreign>& foreign() {
  static const std::vector<Foreign> rows{
      {"training runs on the CPU; `threads` says on how many of its threads", {"device", "devices", "gpu", "gpus", "cuda", "accelerator", "use_cuda", "backend"}},
      {"numbers are 32-bit floats", {"precision", "dtype", "amp", "fp16", "bf16", "mixed_precision", "half"}},
      {"its keys stand at the top of the file: epochs, batch, optimizer, lr, …",
       {"trainer", "training", "train", "fit", "compile", "hparams", "config"}},
      {"what callbacks do are keys here: `lr` (also by a metric: plateau), `average`, `evaluate_every`; the best weights are kept",
       {"callbacks", "callback", "model_checkpoint", "save_best_only"}},
      {"a run writes its folder by itself: metrics.csv, events.jsonl, summary.csv; `lehr run --quiet` says less",
       {"logger", "logging", "logs", "tensorboard", "wandb", "mlflow", "verbose", "verbosity", "progress_bar", "log_every_n_steps", "save_dir",
        "output_dir", "log_dir"}},
  };
  return rows;
}

std::string_view last_part(std::string_view name) {
  const auto dot = name.rfind('.');
  return dot == std::string_view::npos || dot + 1 == name.size() ? name : name.substr(dot + 1);
}

// "torch.nn.CrossEntropyLoss" and "cross_entropy_loss" are both crossentropyloss.
std::string squeezed(std::string_view name) {
  std::string out;
  for (const char c : lower(last_part(name)))
    if (c != '_' && c != '-' && c != ' ') out += c;
  return out;
}
}  // namespace

std::string meant(Named as, std::string_view name, std::span<const std::string> known) {
  if (name.size() > 64 || name.empty()) return {};
  const auto has = [&](std::string_view ours) { return as == Named::key || std::ranges::find(known, ours) != known.end(); };
  const std::string wanted = squeezed(name = name.substr(0, name.find('(')));  // torch.optim.SGD(lr=0.1)
  for (const std::string& each : known)
    if (as != Named::key ? squeezed(each) == wanted : squeezed(each) == wanted && each.find('.') == std::string::npos) return each;
  for (const Familiar& row : table())
    if (row.as == as && has(row.ours))
      for (const std::string& theirs : row.theirs)
        if (squeezed(theirs) == wanted) return row.ours;
  std::vector<std::string> candidates(known.begin(), known.end()), answers = candidates;
  const auto also = [&](std::string candidate, const std::string& answer) { candidates.push_back(std::move(candidate)), answers.push_back(answer); };
  if (as == Named::schedule)
    for (const std::string& each : known)
      if (each.find('.') != std::string::npos) also(std::string(last_part(each)), each);
  for (const Familiar& row : table())
    if (row.as == as && has(row.ours))
      for (const std::string& theirs : row.theirs)
        if (theirs.size() >= 6) also(theirs, row.ours);  // of short names too many are near
  const std::string best = nearest(name, candidates);
  return best.empty() ? best : answers[static_cast<std::size_t>(std::ranges::find(candidates, best) - candidates.begin())];
}

std::string no_counterpart(std::string_view key) {
  for (const Foreign& row : foreign())
    for (const std::string& theirs : row.keys)
      if (squeezed(theirs) == squeezed(key)) return row.why;
  return {};
}

std::string with_known(const std::string& hint, std::span<const std::string> known) {
  std::string out = cat(hint, hint.empty() ? "; known: " : " Known: ");
  for (std::size_t i = 0; i < known.size(); ++i) out += cat(i == 0 ? "" : ", ", known[i]);
  return out;
}

std::string did_you_mean(Named as, std::string_view name, std::span<const std::string> known) {
  const std::string best = meant(as, name, known);
  return best.empty() ? best : cat(", did you mean ", quote(best), "?");
}

}  // namespace lehr
