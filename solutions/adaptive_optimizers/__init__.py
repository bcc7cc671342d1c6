"""Adaptive optimizers: AdaGrad, RMSProp, Adadelta, Adam, AdaMax, NAdam, AMSGrad and QHAdam."""
